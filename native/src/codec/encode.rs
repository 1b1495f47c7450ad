//! Messages to bytes, into a slice of the caller (a loaned sample). Returns the number of bytes used.

use super::types::{CodecError, ErrorKind, Event, LiveError, LiveEvent, LiveRequest, Order, Value, VALUE_DEPTH_MAX};
use super::varint::Writer;

pub fn encode_event(event: &LiveEvent<'_>, out: &mut [u8]) -> Result<usize, CodecError> {
    let mut writer = Writer::new(out);
    match event {
        LiveEvent::BatchStart => writer.u8(0)?,
        LiveEvent::BatchEnd => writer.u8(1)?,
        LiveEvent::Feed { symbol, event } => {
            writer.u8(2)?;
            writer.text(symbol)?;
            put_event(&mut writer, event)?;
        }
        LiveEvent::Order { symbol, order } => {
            writer.u8(3)?;
            writer.text(symbol)?;
            put_order(&mut writer, order)?;
        }
        LiveEvent::Position { symbol, qty, exch_ts } => {
            writer.u8(4)?;
            writer.text(symbol)?;
            writer.f64(*qty)?;
            writer.i64(*exch_ts)?;
        }
        LiveEvent::Error(LiveError { kind, value }) => {
            writer.u8(5)?;
            put_error_kind(&mut writer, *kind)?;
            put_value(&mut writer, value, 0)?;
        }
    }
    Ok(writer.written())
}

pub fn encode_request(request: &LiveRequest<'_>, out: &mut [u8]) -> Result<usize, CodecError> {
    let mut writer = Writer::new(out);
    match request {
        LiveRequest::Order { symbol, order } => {
            writer.u8(0)?;
            writer.text(symbol)?;
            put_order(&mut writer, order)?;
        }
        LiveRequest::RegisterInstrument { symbol, tick_size, lot_size } => {
            writer.u8(1)?;
            writer.text(symbol)?;
            writer.f64(*tick_size)?;
            writer.f64(*lot_size)?;
        }
    }
    Ok(writer.written())
}

fn put_event(writer: &mut Writer<'_>, event: &Event) -> Result<(), CodecError> {
    writer.u64(event.ev)?;
    writer.i64(event.exch_ts)?;
    writer.i64(event.local_ts)?;
    writer.f64(event.px)?;
    writer.f64(event.qty)?;
    writer.u64(event.order_id)?;
    writer.i64(event.ival)?;
    writer.f64(event.fval)
}

fn put_order(writer: &mut Writer<'_>, order: &Order) -> Result<(), CodecError> {
    writer.f64(order.qty)?;
    writer.f64(order.leaves_qty)?;
    writer.f64(order.exec_qty)?;
    writer.i64(order.exec_price_tick)?;
    writer.i64(order.price_tick)?;
    writer.f64(order.tick_size)?;
    writer.i64(order.exch_timestamp)?;
    writer.i64(order.local_timestamp)?;
    writer.u64(order.order_id)?;
    writer.bool(order.maker)?;
    writer.u8(order.order_type.tag())?;
    writer.u8(order.req.tag())?;
    writer.u8(order.status.tag())?;
    writer.u8(order.side.tag())?;
    writer.u8(order.time_in_force.tag())
}

fn put_error_kind(writer: &mut Writer<'_>, kind: ErrorKind) -> Result<(), CodecError> {
    match kind {
        ErrorKind::ConnectionInterrupted => writer.u8(0),
        ErrorKind::CriticalConnectionError => writer.u8(1),
        ErrorKind::OrderError => writer.u8(2),
        ErrorKind::Custom(code) => {
            writer.u8(3)?;
            writer.i64(code)
        }
    }
}

fn put_value(writer: &mut Writer<'_>, value: &Value, depth: usize) -> Result<(), CodecError> {
    if depth > VALUE_DEPTH_MAX {
        return Err(CodecError::TooDeep);
    }
    match value {
        Value::String(text) => {
            writer.u8(0)?;
            writer.text(text)
        }
        Value::Int(number) => {
            writer.u8(1)?;
            writer.i64(*number)
        }
        Value::Float(number) => {
            writer.u8(2)?;
            writer.f64(*number)
        }
        Value::Bool(flag) => {
            writer.u8(3)?;
            writer.bool(*flag)
        }
        Value::List(items) => {
            writer.u8(4)?;
            writer.u64(items.len() as u64)?;
            items.iter().try_for_each(|item| put_value(writer, item, depth + 1))
        }
        Value::Map(pairs) => {
            writer.u8(5)?;
            writer.u64(pairs.len() as u64)?;
            pairs.iter().try_for_each(|(key, item)| {
                writer.text(key)?;
                put_value(writer, item, depth + 1)
            })
        }
        Value::Empty => writer.u8(6),
    }
}
