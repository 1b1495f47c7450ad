//! The messages of a hftbacktest connector and their numbers.
//!
//! A tag on the wire is the index of the variant in declaration order, not the value a peer's source assigns to
//! it: `Side::Sell` travels as 1 (not -1) and `Status::Unsupported` as 8 (not 255). Decoded messages borrow their
//! text from the sample they were read from.

use std::fmt;

/// Payload slots of both services are slices of this many bytes; a longer message cannot be sent.
pub const MESSAGE_BYTES_MAX: usize = 512;
/// Nesting of lists and maps inside an error value.
pub const VALUE_DEPTH_MAX: usize = 32;
/// Venue symbols are a fraction of this; what is longer is not interned (see `record`).
pub const SYMBOL_BYTES_MAX: usize = 64;

/// `header.id` of what concerns every bot.
pub const ADDRESS_EVERYONE: u64 = 0;

/// Kind of an event: the low byte of `ev`. An enumeration, not a mask: 3 is neither 1 nor 2.
pub mod event_kind {
    pub const DEPTH: u8 = 1;
    pub const TRADE: u8 = 2;
    pub const DEPTH_CLEAR: u8 = 3;
    pub const DEPTH_SNAPSHOT: u8 = 4;
    pub const BBO: u8 = 5;
    pub const ADD_ORDER: u8 = 10;
    pub const CANCEL_ORDER: u8 = 11;
    pub const MODIFY_ORDER: u8 = 12;
    pub const FILL: u8 = 13;
}

/// Flags in the upper bits of `ev`.
pub mod event_flag {
    pub const SELL: u64 = 1 << 28;
    pub const BUY: u64 = 1 << 29;
    pub const LOCAL: u64 = 1 << 30;
    pub const EXCH: u64 = 1 << 31;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodecError {
    /// The message ends before its last field, or names more items than there are bytes.
    ShortBuffer,
    TrailingBytes(usize),
    BadVarint(u8),
    BadTag {
        what: &'static str,
        tag: u64,
    },
    BadUtf8,
    TooDeep,
    TooLarge {
        capacity: usize,
    },
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ShortBuffer => write!(f, "the message ends before its last field"),
            Self::TrailingBytes(count) => write!(f, "{count} bytes follow the message"),
            Self::BadVarint(byte) => write!(f, "{byte} does not begin a number"),
            Self::BadTag { what, tag } => write!(f, "{tag} is no {what}"),
            Self::BadUtf8 => write!(f, "text that is not UTF-8"),
            Self::TooDeep => write!(f, "values nested deeper than {VALUE_DEPTH_MAX}"),
            Self::TooLarge { capacity } => write!(f, "the message does not fit into {capacity} bytes"),
        }
    }
}

impl std::error::Error for CodecError {}

/// An enumeration whose variants are numbered from 0 in wire order.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub enum $name { $($variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn from_tag(tag: u32) -> Result<Self, CodecError> {
                Self::ALL
                    .get(tag as usize)
                    .copied()
                    .ok_or(CodecError::BadTag { what: stringify!($name), tag: tag.into() })
            }

            pub fn tag(self) -> u8 {
                self as u8
            }
        }
    };
}

wire_enum!(Side { Buy, Sell, None, Unsupported });
wire_enum!(Status { None, New, Expired, Filled, Canceled, PartiallyFilled, Rejected, Replaced, Unsupported });
wire_enum!(TimeInForce { Gtc, Gtx, Fok, Ioc, Unsupported });
wire_enum!(OrdType { Limit, Market, Unsupported });

/// One market event. Times in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    pub ev: u64,
    pub exch_ts: i64,
    pub local_ts: i64,
    pub px: f64,
    pub qty: f64,
    pub order_id: u64,
    pub ival: i64,
    pub fval: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Order {
    pub qty: f64,
    pub leaves_qty: f64,
    pub exec_qty: f64,
    pub exec_price_tick: i64,
    pub price_tick: i64,
    pub tick_size: f64,
    pub exch_timestamp: i64,
    pub local_timestamp: i64,
    pub order_id: u64,
    pub maker: bool,
    pub order_type: OrdType,
    /// What is asked for: `New` submits, `Canceled` cancels. A connector acts on this field alone.
    pub req: Status,
    pub status: Status,
    pub side: Side,
    pub time_in_force: TimeInForce,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    ConnectionInterrupted,
    CriticalConnectionError,
    OrderError,
    Custom(i64),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    String(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    List(Vec<Value>),
    /// Pairs in wire order; the peers write a hash map, so the order means nothing.
    Map(Vec<(String, Value)>),
    Empty,
}

#[derive(Debug, Clone, PartialEq)]
pub struct LiveError {
    pub kind: ErrorKind,
    pub value: Value,
}

/// Connector to bot.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveEvent<'a> {
    BatchStart,
    BatchEnd,
    Feed { symbol: &'a str, event: Event },
    Order { symbol: &'a str, order: Order },
    Position { symbol: &'a str, qty: f64, exch_ts: i64 },
    Error(LiveError),
}

/// Bot to connector.
#[derive(Debug, Clone, PartialEq)]
pub enum LiveRequest<'a> {
    Order { symbol: &'a str, order: Order },
    RegisterInstrument { symbol: &'a str, tick_size: f64, lot_size: f64 },
}
