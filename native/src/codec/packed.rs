//! An order on its way out as JavaScript packs it: the fields of a record at the offsets of a record, then the symbol.
//! Sixteen numbers in a buffer both sides know cost one call; sixteen properties of an object cost a call each.

use super::record::{offset, RECORD_BYTES};
use super::types::{CodecError, OrdType, Order, Side, Status, TimeInForce, SYMBOL_BYTES_MAX};

/// Byte length of the symbol, `u32`, where a record has its event flags.
const SYMBOL_LENGTH: usize = offset::EV;
/// Where the symbol's text begins.
const SYMBOL: usize = RECORD_BYTES;
pub const PACKED_BYTES: usize = RECORD_BYTES + SYMBOL_BYTES_MAX;

/// The symbol and the order of a packed request.
pub fn read_packed_order(bytes: &[u8]) -> Result<(&str, Order), CodecError> {
    let Some((fields, text)) = bytes.split_at_checked(SYMBOL) else { return Err(CodecError::ShortBuffer) };
    let part = |at: usize| -> [u8; 8] {
        let mut part = [0; 8];
        part.copy_from_slice(&fields[at..at + 8]);
        part
    };
    let float = |at: usize| f64::from_le_bytes(part(at));
    let signed = |at: usize| i64::from_le_bytes(part(at));
    let tag = |at: usize| u32::from(fields[at]);
    let length = u32::from_le_bytes([
        fields[SYMBOL_LENGTH],
        fields[SYMBOL_LENGTH + 1],
        fields[SYMBOL_LENGTH + 2],
        fields[SYMBOL_LENGTH + 3],
    ]);
    let symbol = text.get(..length as usize).ok_or(CodecError::ShortBuffer)?;
    let order = Order {
        qty: float(offset::QTY),
        leaves_qty: float(offset::LEAVES_QTY),
        exec_qty: float(offset::EXEC_QTY),
        exec_price_tick: signed(offset::EXEC_PRICE_TICK),
        price_tick: signed(offset::PRICE_TICK),
        tick_size: float(offset::TICK_SIZE),
        exch_timestamp: signed(offset::EXCH_TS),
        local_timestamp: signed(offset::LOCAL_TS),
        order_id: u64::from_le_bytes(part(offset::ORDER_ID)),
        maker: fields[offset::MAKER] != 0,
        order_type: OrdType::from_tag(tag(offset::ORD_TYPE))?,
        req: Status::from_tag(tag(offset::REQ))?,
        status: Status::from_tag(tag(offset::STATUS))?,
        side: Side::from_tag(tag(offset::SIDE))?,
        time_in_force: TimeInForce::from_tag(tag(offset::TIF))?,
    };
    Ok((std::str::from_utf8(symbol).map_err(|_| CodecError::BadUtf8)?, order))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(symbol: &str) -> Vec<u8> {
        let mut bytes = vec![0; PACKED_BYTES];
        let mut put = |at: usize, part: &[u8]| bytes[at..at + part.len()].copy_from_slice(part);
        put(SYMBOL_LENGTH, &(symbol.len() as u32).to_le_bytes());
        put(offset::EXCH_TS, &1_i64.to_le_bytes());
        put(offset::LOCAL_TS, &i64::MAX.to_le_bytes());
        put(offset::QTY, &0.25_f64.to_le_bytes());
        put(offset::LEAVES_QTY, &0.125_f64.to_le_bytes());
        put(offset::EXEC_QTY, &0.5_f64.to_le_bytes());
        put(offset::ORDER_ID, &u64::MAX.to_le_bytes());
        put(offset::EXEC_PRICE_TICK, &(-3_i64).to_le_bytes());
        put(offset::PRICE_TICK, &640_005_i64.to_le_bytes());
        put(offset::TICK_SIZE, &0.1_f64.to_le_bytes());
        put(offset::SIDE, &[1, 2, 4, 3, 1, 1]);
        put(SYMBOL, symbol.as_bytes());
        bytes
    }

    #[test]
    fn every_field_is_read_from_its_place() {
        let bytes = packed("btcusdt");
        let (symbol, order) = read_packed_order(&bytes).unwrap();
        assert_eq!(symbol, "btcusdt");
        let expected = Order {
            qty: 0.25,
            leaves_qty: 0.125,
            exec_qty: 0.5,
            exec_price_tick: -3,
            price_tick: 640_005,
            tick_size: 0.1,
            exch_timestamp: 1,
            local_timestamp: i64::MAX,
            order_id: u64::MAX,
            maker: true,
            order_type: OrdType::Market,
            req: Status::Canceled,
            status: Status::Expired,
            side: Side::Sell,
            time_in_force: TimeInForce::Ioc,
        };
        assert_eq!(order, expected);
    }

    #[test]
    fn what_is_no_order_is_refused() {
        let code = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = packed("btcusdt");
            change(&mut bytes);
            read_packed_order(&bytes).unwrap_err()
        };
        assert_eq!(code(&|bytes| bytes.truncate(SYMBOL - 1)), CodecError::ShortBuffer);
        assert_eq!(code(&|bytes| bytes[SYMBOL_LENGTH] = 65), CodecError::ShortBuffer);
        assert_eq!(code(&|bytes| bytes[SYMBOL_LENGTH + 3] = 0xff), CodecError::ShortBuffer);
        assert_eq!(code(&|bytes| bytes[SYMBOL] = 0xff), CodecError::BadUtf8);
        for at in [offset::SIDE, offset::STATUS, offset::REQ, offset::TIF, offset::ORD_TYPE] {
            assert!(matches!(code(&|bytes| bytes[at] = 9), CodecError::BadTag { tag: 9, .. }), "byte {at}");
        }
    }
}
