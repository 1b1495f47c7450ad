//! One event of a connector as a record of fixed size, so that a batch of them is handed to JavaScript as plain
//! bytes: nothing is allocated per record on either side. Little endian, all offsets naturally aligned.
//!
//! This file is the layout, which `src/connectors/hft/native/record-view.ts` reads; `writer` fills records, and what
//! does not fit a fixed size waits beside them in `tables`.

mod tables;
mod writer;

pub use tables::{SideTables, ERRORS_MAX, SYMBOLS_MAX};
pub use writer::{Arrival, Outcome, RecordWriter};

pub const RECORD_BYTES: usize = 128;
pub type Record = [u8; RECORD_BYTES];

/// Values of the `kind` byte: the wire tags of the message.
pub mod kind {
    pub const BATCH_START: u8 = 0;
    pub const BATCH_END: u8 = 1;
    pub const FEED: u8 = 2;
    pub const ORDER: u8 = 3;
    pub const POSITION: u8 = 4;
    pub const ERROR: u8 = 5;
}

pub mod flag {
    /// Sent to this bot alone; otherwise to every bot.
    pub const ADDRESSED: u8 = 1;
    /// The symbol could not be interned: longer than any symbol, or too many of them. Its index is [`super::NO_INDEX`].
    pub const BAD_SYMBOL: u8 = 2;
}

/// Byte offsets, in the order of the record.
pub mod offset {
    pub const KIND: usize = 0;
    pub const FLAGS: usize = 1;
    pub const SYMBOL: usize = 2;
    pub const EV: usize = 4;
    pub const EXCH_TS: usize = 8;
    pub const LOCAL_TS: usize = 16;
    pub const PX: usize = 24;
    pub const QTY: usize = 32;
    pub const ORDER_ID: usize = 40;
    /// An order's leaves quantity, a feed's `fval`.
    pub const LEAVES_QTY: usize = 48;
    pub const EXEC_QTY: usize = 56;
    /// An order's execution price in ticks, a feed's `ival`.
    pub const EXEC_PRICE_TICK: usize = 64;
    pub const PRICE_TICK: usize = 72;
    pub const TICK_SIZE: usize = 80;
    pub const SIDE: usize = 88;
    pub const STATUS: usize = 89;
    pub const REQ: usize = 90;
    pub const TIF: usize = 91;
    pub const ORD_TYPE: usize = 92;
    pub const MAKER: usize = 93;
    pub const ERR_SLOT: usize = 94;
    pub const RECV_TS: usize = 96;
    pub const RECV_SEQ: usize = 104;
    pub const PUBLISHER_TAG: usize = 112;
}

/// "None" in the two index fields.
pub const NO_INDEX: u16 = u16::MAX;
