//! Messages between JavaScript objects and bytes, for tests and for a connector double written in TypeScript. The
//! market data path does not come through here. Enumerations travel as their wire tags; the TypeScript side has names.

use napi::bindgen_prelude::*;
use napi_derive::napi;

use super::guard::{caught, invalid, Result, Thrown};
use crate::codec::types::{
    CodecError, ErrorKind, Event, LiveError, LiveEvent, LiveRequest, OrdType, Order, Side, Status, TimeInForce, Value,
    MESSAGE_BYTES_MAX,
};
use crate::codec::{decode_event, decode_request, encode_event, encode_request};

fn codec_error(error: CodecError) -> Thrown {
    let code = match error {
        CodecError::TooLarge { .. } => "IPC_TOO_LARGE",
        _ => "CODEC_INVALID",
    };
    Thrown::new(code.to_owned(), error.to_string())
}

pub fn to_u64(what: &str, value: &BigInt) -> Result<u64> {
    match value.get_u64() {
        (_, number, true) => Ok(number),
        _ => Err(invalid(format!("{what} is no unsigned 64-bit number"))),
    }
}

pub fn to_i64(what: &str, value: &BigInt) -> Result<i64> {
    let (number, is_lossless) = value.get_i64();
    // The most negative number is reported as lossy.
    if is_lossless || (value.sign_bit && value.words == [i64::MIN.unsigned_abs()]) {
        return Ok(number);
    }
    Err(invalid(format!("{what} is no signed 64-bit number")))
}

#[napi(object)]
pub struct NativeEventFields {
    pub ev: u32,
    pub exch_ts: BigInt,
    pub local_ts: BigInt,
    pub px: f64,
    pub qty: f64,
    pub order_id: BigInt,
    pub ival: BigInt,
    pub fval: f64,
}

impl NativeEventFields {
    fn event(&self) -> Result<Event> {
        Ok(Event {
            ev: self.ev.into(),
            exch_ts: to_i64("exchTs", &self.exch_ts)?,
            local_ts: to_i64("localTs", &self.local_ts)?,
            px: self.px,
            qty: self.qty,
            order_id: to_u64("orderId", &self.order_id)?,
            ival: to_i64("ival", &self.ival)?,
            fval: self.fval,
        })
    }

    fn of(event: &Event) -> Self {
        Self {
            ev: event.ev as u32,
            exch_ts: event.exch_ts.into(),
            local_ts: event.local_ts.into(),
            px: event.px,
            qty: event.qty,
            order_id: event.order_id.into(),
            ival: event.ival.into(),
            fval: event.fval,
        }
    }
}

#[napi(object)]
pub struct NativeOrder {
    pub qty: f64,
    pub leaves_qty: f64,
    pub exec_qty: f64,
    pub exec_price_tick: BigInt,
    pub price_tick: BigInt,
    pub tick_size: f64,
    pub exch_timestamp: BigInt,
    pub local_timestamp: BigInt,
    pub order_id: BigInt,
    pub maker: bool,
    pub order_type: u32,
    pub req: u32,
    pub status: u32,
    pub side: u32,
    pub time_in_force: u32,
}

impl NativeOrder {
    pub fn order(&self) -> Result<Order> {
        Ok(Order {
            qty: self.qty,
            leaves_qty: self.leaves_qty,
            exec_qty: self.exec_qty,
            exec_price_tick: to_i64("execPriceTick", &self.exec_price_tick)?,
            price_tick: to_i64("priceTick", &self.price_tick)?,
            tick_size: self.tick_size,
            exch_timestamp: to_i64("exchTimestamp", &self.exch_timestamp)?,
            local_timestamp: to_i64("localTimestamp", &self.local_timestamp)?,
            order_id: to_u64("orderId", &self.order_id)?,
            maker: self.maker,
            order_type: OrdType::from_tag(self.order_type).map_err(codec_error)?,
            req: Status::from_tag(self.req).map_err(codec_error)?,
            status: Status::from_tag(self.status).map_err(codec_error)?,
            side: Side::from_tag(self.side).map_err(codec_error)?,
            time_in_force: TimeInForce::from_tag(self.time_in_force).map_err(codec_error)?,
        })
    }

    fn of(order: &Order) -> Self {
        Self {
            qty: order.qty,
            leaves_qty: order.leaves_qty,
            exec_qty: order.exec_qty,
            exec_price_tick: order.exec_price_tick.into(),
            price_tick: order.price_tick.into(),
            tick_size: order.tick_size,
            exch_timestamp: order.exch_timestamp.into(),
            local_timestamp: order.local_timestamp.into(),
            order_id: order.order_id.into(),
            maker: order.maker,
            order_type: order.order_type.tag().into(),
            req: order.req.tag().into(),
            status: order.status.tag().into(),
            side: order.side.tag().into(),
            time_in_force: order.time_in_force.tag().into(),
        }
    }
}

/// One value of an error; the field that `tag` (the wire tag) names is set.
#[napi(object)]
pub struct NativeValue {
    pub tag: u32,
    pub text: Option<String>,
    pub int: Option<BigInt>,
    pub float: Option<f64>,
    pub flag: Option<bool>,
    pub items: Option<Vec<NativeValue>>,
    /// Beside `items` for a map.
    pub keys: Option<Vec<String>>,
}

impl NativeValue {
    fn bare(tag: u32) -> Self {
        Self { tag, text: None, int: None, float: None, flag: None, items: None, keys: None }
    }

    fn value(self) -> Result<Value> {
        let missing = || invalid("a value lacks the field its tag names");
        let items = |items: Option<Vec<NativeValue>>| -> Result<Vec<Value>> {
            items.ok_or_else(missing)?.into_iter().map(NativeValue::value).collect()
        };
        Ok(match self.tag {
            0 => Value::String(self.text.ok_or_else(missing)?),
            1 => Value::Int(to_i64("int", &self.int.ok_or_else(missing)?)?),
            2 => Value::Float(self.float.ok_or_else(missing)?),
            3 => Value::Bool(self.flag.ok_or_else(missing)?),
            4 => Value::List(items(self.items)?),
            5 => Value::Map(self.keys.ok_or_else(missing)?.into_iter().zip(items(self.items)?).collect()),
            6 => Value::Empty,
            tag => return Err(invalid(format!("{tag} is no value"))),
        })
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::String(text) => Self { text: Some(text.clone()), ..Self::bare(0) },
            Value::Int(number) => Self { int: Some((*number).into()), ..Self::bare(1) },
            Value::Float(number) => Self { float: Some(*number), ..Self::bare(2) },
            Value::Bool(flag) => Self { flag: Some(*flag), ..Self::bare(3) },
            Value::List(items) => Self { items: Some(items.iter().map(Self::of).collect()), ..Self::bare(4) },
            Value::Map(pairs) => Self {
                keys: Some(pairs.iter().map(|(key, _)| key.clone()).collect()),
                items: Some(pairs.iter().map(|(_, item)| Self::of(item)).collect()),
                ..Self::bare(5)
            },
            Value::Empty => Self::bare(6),
        }
    }
}

#[napi(object)]
pub struct NativeLiveError {
    pub kind: u32,
    pub custom: Option<BigInt>,
    pub value: NativeValue,
}

impl NativeLiveError {
    fn error(self) -> Result<LiveError> {
        let kind = match self.kind {
            0 => ErrorKind::ConnectionInterrupted,
            1 => ErrorKind::CriticalConnectionError,
            2 => ErrorKind::OrderError,
            3 => {
                let number = self.custom.ok_or_else(|| invalid("a custom error needs its number"))?;
                ErrorKind::Custom(to_i64("custom", &number)?)
            }
            kind => return Err(invalid(format!("{kind} is no kind of error"))),
        };
        Ok(LiveError { kind, value: self.value.value()? })
    }

    pub fn of(error: &LiveError) -> Self {
        let (kind, custom) = match error.kind {
            ErrorKind::ConnectionInterrupted => (0, None),
            ErrorKind::CriticalConnectionError => (1, None),
            ErrorKind::OrderError => (2, None),
            ErrorKind::Custom(number) => (3, Some(number.into())),
        };
        Self { kind, custom, value: NativeValue::of(&error.value) }
    }
}

/// Any message, flat; the fields of its kind are set. `kind` is the wire tag.
#[napi(object)]
pub struct NativeMessage {
    pub kind: u32,
    pub symbol: Option<String>,
    pub event: Option<NativeEventFields>,
    pub order: Option<NativeOrder>,
    pub error: Option<NativeLiveError>,
    pub qty: Option<f64>,
    pub exch_ts: Option<BigInt>,
    pub tick_size: Option<f64>,
    pub lot_size: Option<f64>,
}

impl NativeMessage {
    fn bare(kind: u32) -> Self {
        Self {
            kind,
            symbol: None,
            event: None,
            order: None,
            error: None,
            qty: None,
            exch_ts: None,
            tick_size: None,
            lot_size: None,
        }
    }
}

fn missing() -> Thrown {
    invalid("a message lacks a field of its kind")
}

#[napi]
pub fn encode_event_message(message: NativeMessage) -> Result<Uint8Array> {
    let symbol = message.symbol.unwrap_or_default();
    let event = match message.kind {
        0 => LiveEvent::BatchStart,
        1 => LiveEvent::BatchEnd,
        2 => LiveEvent::Feed { symbol: &symbol, event: message.event.ok_or_else(missing)?.event()? },
        3 => LiveEvent::Order { symbol: &symbol, order: message.order.ok_or_else(missing)?.order()? },
        4 => LiveEvent::Position {
            symbol: &symbol,
            qty: message.qty.ok_or_else(missing)?,
            exch_ts: to_i64("exchTs", &message.exch_ts.ok_or_else(missing)?)?,
        },
        5 => LiveEvent::Error(message.error.ok_or_else(missing)?.error()?),
        kind => return Err(invalid(format!("{kind} is no event"))),
    };
    let mut out = [0; MESSAGE_BYTES_MAX];
    let length = caught(|| Ok(encode_event(&event, &mut out)))?.map_err(codec_error)?;
    Ok(Uint8Array::new(out[..length].to_vec()))
}

#[napi]
pub fn encode_request_message(message: NativeMessage) -> Result<Uint8Array> {
    let symbol = message.symbol.unwrap_or_default();
    let request = match message.kind {
        0 => LiveRequest::Order { symbol: &symbol, order: message.order.ok_or_else(missing)?.order()? },
        1 => LiveRequest::RegisterInstrument {
            symbol: &symbol,
            tick_size: message.tick_size.ok_or_else(missing)?,
            lot_size: message.lot_size.ok_or_else(missing)?,
        },
        kind => return Err(invalid(format!("{kind} is no request"))),
    };
    let mut out = [0; MESSAGE_BYTES_MAX];
    let length = caught(|| Ok(encode_request(&request, &mut out)))?.map_err(codec_error)?;
    Ok(Uint8Array::new(out[..length].to_vec()))
}

#[napi]
pub fn decode_event_message(bytes: &[u8]) -> Result<NativeMessage> {
    let event = caught(|| Ok(decode_event(bytes)))?.map_err(codec_error)?;
    Ok(match event {
        LiveEvent::BatchStart => NativeMessage::bare(0),
        LiveEvent::BatchEnd => NativeMessage::bare(1),
        LiveEvent::Feed { symbol, event } => NativeMessage {
            symbol: Some(symbol.to_owned()),
            event: Some(NativeEventFields::of(&event)),
            ..NativeMessage::bare(2)
        },
        LiveEvent::Order { symbol, order } => NativeMessage {
            symbol: Some(symbol.to_owned()),
            order: Some(NativeOrder::of(&order)),
            ..NativeMessage::bare(3)
        },
        LiveEvent::Position { symbol, qty, exch_ts } => NativeMessage {
            symbol: Some(symbol.to_owned()),
            qty: Some(qty),
            exch_ts: Some(exch_ts.into()),
            ..NativeMessage::bare(4)
        },
        LiveEvent::Error(error) => NativeMessage { error: Some(NativeLiveError::of(&error)), ..NativeMessage::bare(5) },
    })
}

#[napi]
pub fn decode_request_message(bytes: &[u8]) -> Result<NativeMessage> {
    let request = caught(|| Ok(decode_request(bytes)))?.map_err(codec_error)?;
    Ok(match request {
        LiveRequest::Order { symbol, order } => NativeMessage {
            symbol: Some(symbol.to_owned()),
            order: Some(NativeOrder::of(&order)),
            ..NativeMessage::bare(0)
        },
        LiveRequest::RegisterInstrument { symbol, tick_size, lot_size } => NativeMessage {
            symbol: Some(symbol.to_owned()),
            tick_size: Some(tick_size),
            lot_size: Some(lot_size),
            ..NativeMessage::bare(1)
        },
    })
}
