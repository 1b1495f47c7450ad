//! Bytes to messages. Every input either becomes a message that used all of its bytes or a [`CodecError`]; there
//! is no input that panics, reads past its end or allocates more than its own length allows.

use super::types::{
    CodecError, ErrorKind, Event, LiveError, LiveEvent, LiveRequest, OrdType, Order, Side, Status, TimeInForce, Value,
    VALUE_DEPTH_MAX,
};
use super::varint::Reader;

pub fn decode_event(bytes: &[u8]) -> Result<LiveEvent<'_>, CodecError> {
    let mut reader = Reader::new(bytes);
    let event = match reader.tag("LiveEvent")? {
        0 => LiveEvent::BatchStart,
        1 => LiveEvent::BatchEnd,
        2 => LiveEvent::Feed { symbol: reader.text()?, event: event(&mut reader)? },
        3 => LiveEvent::Order { symbol: reader.text()?, order: order(&mut reader)? },
        4 => LiveEvent::Position { symbol: reader.text()?, qty: reader.f64()?, exch_ts: reader.i64()? },
        5 => LiveEvent::Error(LiveError { kind: error_kind(&mut reader)?, value: value(&mut reader, 0)? }),
        tag => return Err(CodecError::BadTag { what: "LiveEvent", tag: tag.into() }),
    };
    reader.finish()?;
    Ok(event)
}

pub fn decode_request(bytes: &[u8]) -> Result<LiveRequest<'_>, CodecError> {
    let mut reader = Reader::new(bytes);
    let request = match reader.tag("LiveRequest")? {
        0 => LiveRequest::Order { symbol: reader.text()?, order: order(&mut reader)? },
        1 => LiveRequest::RegisterInstrument {
            symbol: reader.text()?,
            tick_size: reader.f64()?,
            lot_size: reader.f64()?,
        },
        tag => return Err(CodecError::BadTag { what: "LiveRequest", tag: tag.into() }),
    };
    reader.finish()?;
    Ok(request)
}

#[inline]
fn event(reader: &mut Reader<'_>) -> Result<Event, CodecError> {
    Ok(Event {
        ev: reader.u64()?,
        exch_ts: reader.i64()?,
        local_ts: reader.i64()?,
        px: reader.f64()?,
        qty: reader.f64()?,
        order_id: reader.u64()?,
        ival: reader.i64()?,
        fval: reader.f64()?,
    })
}

fn order(reader: &mut Reader<'_>) -> Result<Order, CodecError> {
    Ok(Order {
        qty: reader.f64()?,
        leaves_qty: reader.f64()?,
        exec_qty: reader.f64()?,
        exec_price_tick: reader.i64()?,
        price_tick: reader.i64()?,
        tick_size: reader.f64()?,
        exch_timestamp: reader.i64()?,
        local_timestamp: reader.i64()?,
        order_id: reader.u64()?,
        maker: reader.bool()?,
        order_type: OrdType::from_tag(reader.tag("OrdType")?)?,
        req: Status::from_tag(reader.tag("Status")?)?,
        status: Status::from_tag(reader.tag("Status")?)?,
        side: Side::from_tag(reader.tag("Side")?)?,
        time_in_force: TimeInForce::from_tag(reader.tag("TimeInForce")?)?,
    })
}

fn error_kind(reader: &mut Reader<'_>) -> Result<ErrorKind, CodecError> {
    Ok(match reader.tag("ErrorKind")? {
        0 => ErrorKind::ConnectionInterrupted,
        1 => ErrorKind::CriticalConnectionError,
        2 => ErrorKind::OrderError,
        3 => ErrorKind::Custom(reader.i64()?),
        tag => return Err(CodecError::BadTag { what: "ErrorKind", tag: tag.into() }),
    })
}

fn value(reader: &mut Reader<'_>, depth: usize) -> Result<Value, CodecError> {
    if depth > VALUE_DEPTH_MAX {
        return Err(CodecError::TooDeep);
    }
    Ok(match reader.tag("Value")? {
        0 => Value::String(reader.text()?.to_owned()),
        1 => Value::Int(reader.i64()?),
        2 => Value::Float(reader.f64()?),
        3 => Value::Bool(reader.bool()?),
        4 => {
            let count = reader.count()?;
            let mut items = Vec::with_capacity(count.min(16));
            for _ in 0..count {
                items.push(value(reader, depth + 1)?);
            }
            Value::List(items)
        }
        5 => {
            let count = reader.count()?;
            let mut pairs = Vec::with_capacity(count.min(16));
            for _ in 0..count {
                pairs.push((reader.text()?.to_owned(), value(reader, depth + 1)?));
            }
            Value::Map(pairs)
        }
        6 => Value::Empty,
        tag => return Err(CodecError::BadTag { what: "Value", tag: tag.into() }),
    })
}
