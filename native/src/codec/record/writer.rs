//! Messages into records, for one bot.

use std::collections::HashMap;
use std::sync::Arc;

use super::tables::SideTables;
use super::{flag, kind, offset, Record, NO_INDEX, RECORD_BYTES};
use crate::codec::decode_event;
use crate::codec::types::{CodecError, LiveEvent, ADDRESS_EVERYONE, SYMBOL_BYTES_MAX};

/// What came with a message besides its payload.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    /// `header.id`: 0 for everyone, else the id of one bot.
    pub address: u64,
    /// `header.len`: the used part of the payload slice.
    pub length: usize,
    /// Nanoseconds since the epoch.
    pub recv_ts: i64,
    /// Number of the sample at this subscriber, from 1.
    pub recv_seq: u64,
    /// Folded id of the publisher; changes when the connector is restarted.
    pub publisher_tag: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Written,
    /// Addressed to another bot.
    Foreign,
    Invalid(CodecError),
}

/// Turns messages into records for one bot.
pub struct RecordWriter {
    bot_id: u64,
    tables: Arc<SideTables>,
    indexes: HashMap<Box<str>, u16>,
    /// The symbol before this one: in a batch it is nearly always the same.
    last: Option<(Box<str>, u16)>,
}

impl RecordWriter {
    pub fn new(bot_id: u64, tables: Arc<SideTables>) -> Self {
        Self { bot_id, tables, indexes: HashMap::new(), last: None }
    }

    /// Decodes one sample into `out`, which is left untouched unless the outcome is [`Outcome::Written`].
    #[inline]
    pub fn write(&mut self, arrival: Arrival, slice: &[u8], out: &mut Record) -> Outcome {
        if arrival.address != ADDRESS_EVERYONE && arrival.address != self.bot_id {
            return Outcome::Foreign;
        }
        // The length comes from another process and may name more than the slot holds.
        let Some(payload) = slice.get(..arrival.length) else {
            return Outcome::Invalid(CodecError::ShortBuffer);
        };
        match decode_event(payload) {
            Ok(event) => {
                self.fill(arrival, event, out);
                Outcome::Written
            }
            Err(error) => Outcome::Invalid(error),
        }
    }

    fn fill(&mut self, arrival: Arrival, event: LiveEvent<'_>, out: &mut Record) {
        *out = [0; RECORD_BYTES];
        let mut flags = if arrival.address == ADDRESS_EVERYONE { 0 } else { flag::ADDRESSED };
        let mut symbol_index = NO_INDEX;
        let mut error_slot = NO_INDEX;
        let kind = match event {
            LiveEvent::BatchStart => kind::BATCH_START,
            LiveEvent::BatchEnd => kind::BATCH_END,
            LiveEvent::Feed { symbol, event } => {
                symbol_index = self.intern(symbol);
                // Kind and flags use 32 bits; the upper half is not defined.
                put(out, offset::EV, (event.ev as u32).to_le_bytes());
                put(out, offset::EXCH_TS, event.exch_ts.to_le_bytes());
                put(out, offset::LOCAL_TS, event.local_ts.to_le_bytes());
                put(out, offset::PX, event.px.to_le_bytes());
                put(out, offset::QTY, event.qty.to_le_bytes());
                put(out, offset::ORDER_ID, event.order_id.to_le_bytes());
                put(out, offset::LEAVES_QTY, event.fval.to_le_bytes());
                put(out, offset::EXEC_PRICE_TICK, event.ival.to_le_bytes());
                kind::FEED
            }
            LiveEvent::Order { symbol, order } => {
                symbol_index = self.intern(symbol);
                put(out, offset::EXCH_TS, order.exch_timestamp.to_le_bytes());
                put(out, offset::LOCAL_TS, order.local_timestamp.to_le_bytes());
                put(out, offset::PX, (order.price_tick as f64 * order.tick_size).to_le_bytes());
                put(out, offset::QTY, order.qty.to_le_bytes());
                put(out, offset::ORDER_ID, order.order_id.to_le_bytes());
                put(out, offset::LEAVES_QTY, order.leaves_qty.to_le_bytes());
                put(out, offset::EXEC_QTY, order.exec_qty.to_le_bytes());
                put(out, offset::EXEC_PRICE_TICK, order.exec_price_tick.to_le_bytes());
                put(out, offset::PRICE_TICK, order.price_tick.to_le_bytes());
                put(out, offset::TICK_SIZE, order.tick_size.to_le_bytes());
                out[offset::SIDE] = order.side.tag();
                out[offset::STATUS] = order.status.tag();
                out[offset::REQ] = order.req.tag();
                out[offset::TIF] = order.time_in_force.tag();
                out[offset::ORD_TYPE] = order.order_type.tag();
                out[offset::MAKER] = order.maker.into();
                kind::ORDER
            }
            LiveEvent::Position { symbol, qty, exch_ts } => {
                symbol_index = self.intern(symbol);
                put(out, offset::EXCH_TS, exch_ts.to_le_bytes());
                put(out, offset::QTY, qty.to_le_bytes());
                kind::POSITION
            }
            LiveEvent::Error(error) => {
                error_slot = self.tables.store_error(error);
                kind::ERROR
            }
        };
        if symbol_index == NO_INDEX && matches!(kind, kind::FEED | kind::ORDER | kind::POSITION) {
            flags |= flag::BAD_SYMBOL;
        }
        out[offset::KIND] = kind;
        out[offset::FLAGS] = flags;
        put(out, offset::SYMBOL, symbol_index.to_le_bytes());
        put(out, offset::ERR_SLOT, error_slot.to_le_bytes());
        put(out, offset::RECV_TS, arrival.recv_ts.to_le_bytes());
        put(out, offset::RECV_SEQ, arrival.recv_seq.to_le_bytes());
        put(out, offset::PUBLISHER_TAG, arrival.publisher_tag.to_le_bytes());
    }

    #[inline]
    fn intern(&mut self, symbol: &str) -> u16 {
        if let Some((last, index)) = &self.last {
            if **last == *symbol {
                return *index;
            }
        }
        let index = match self.indexes.get(symbol) {
            Some(&index) => index,
            None if symbol.len() > SYMBOL_BYTES_MAX => return NO_INDEX,
            None => match self.tables.add_symbol(symbol) {
                Some(index) => {
                    self.indexes.insert(symbol.into(), index);
                    index
                }
                None => return NO_INDEX,
            },
        };
        self.last = Some((symbol.into(), index));
        index
    }
}

#[inline]
fn put<const N: usize>(out: &mut Record, at: usize, bytes: [u8; N]) {
    out[at..at + N].copy_from_slice(&bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encode_event;
    use crate::codec::record::SYMBOLS_MAX;
    use crate::codec::types::*;

    const BOT: u64 = 77;

    fn arrival(address: u64, length: usize) -> Arrival {
        Arrival { address, length, recv_ts: 11, recv_seq: 12, publisher_tag: 13 }
    }

    fn record_of(writer: &mut RecordWriter, address: u64, event: &LiveEvent<'_>) -> (Outcome, Record) {
        let mut slot = [0; MESSAGE_BYTES_MAX];
        let length = encode_event(event, &mut slot).unwrap();
        let mut record = [0; RECORD_BYTES];
        (writer.write(arrival(address, length), &slot, &mut record), record)
    }

    fn u16_at(record: &Record, at: usize) -> u16 {
        u16::from_le_bytes([record[at], record[at + 1]])
    }

    fn i64_at(record: &Record, at: usize) -> i64 {
        i64::from_le_bytes(record[at..at + 8].try_into().unwrap())
    }

    fn f64_at(record: &Record, at: usize) -> f64 {
        f64::from_le_bytes(record[at..at + 8].try_into().unwrap())
    }

    fn position(symbol: &str) -> LiveEvent<'_> {
        LiveEvent::Position { symbol, qty: -1.5, exch_ts: 9 }
    }

    #[test]
    fn a_feed_record_has_every_field_at_its_place() {
        let mut writer = RecordWriter::new(BOT, Arc::default());
        let event = Event {
            ev: event_flag::EXCH | event_flag::SELL | 4,
            exch_ts: -5,
            local_ts: 6,
            px: 1.5,
            qty: 2.5,
            order_id: u64::MAX,
            ival: -7,
            fval: 3.5,
        };
        let (outcome, record) = record_of(&mut writer, BOT, &LiveEvent::Feed { symbol: "btcusdt", event });
        assert_eq!(outcome, Outcome::Written);
        assert_eq!(record[offset::KIND], kind::FEED);
        assert_eq!(record[offset::FLAGS], flag::ADDRESSED);
        assert_eq!(u16_at(&record, offset::SYMBOL), 0);
        assert_eq!(u32::from_le_bytes(record[4..8].try_into().unwrap()), 0x9000_0004);
        assert_eq!(i64_at(&record, 8), -5);
        assert_eq!(i64_at(&record, 16), 6);
        assert_eq!(f64_at(&record, 24), 1.5);
        assert_eq!(f64_at(&record, 32), 2.5);
        assert_eq!(i64_at(&record, 40), -1);
        assert_eq!(f64_at(&record, 48), 3.5);
        assert_eq!(i64_at(&record, 64), -7);
        assert_eq!(u16_at(&record, 94), NO_INDEX);
        assert_eq!((i64_at(&record, 96), i64_at(&record, 104), i64_at(&record, 112)), (11, 12, 13));
    }

    #[test]
    fn an_order_record_has_every_field_at_its_place() {
        let mut writer = RecordWriter::new(BOT, Arc::default());
        let order = Order {
            qty: 4.0,
            leaves_qty: 3.0,
            exec_qty: 1.0,
            exec_price_tick: 101,
            price_tick: 102,
            tick_size: 0.5,
            exch_timestamp: 21,
            local_timestamp: 22,
            order_id: 23,
            maker: true,
            order_type: OrdType::Market,
            req: Status::Canceled,
            status: Status::Unsupported,
            side: Side::Sell,
            time_in_force: TimeInForce::Ioc,
        };
        let (_, record) = record_of(&mut writer, 0, &LiveEvent::Order { symbol: "ethusdt", order });
        assert_eq!((record[0], record[1]), (kind::ORDER, 0));
        assert_eq!((i64_at(&record, 8), i64_at(&record, 16)), (21, 22));
        assert_eq!((f64_at(&record, 24), f64_at(&record, 32)), (51.0, 4.0));
        assert_eq!(i64_at(&record, 40), 23);
        assert_eq!((f64_at(&record, 48), f64_at(&record, 56)), (3.0, 1.0));
        assert_eq!((i64_at(&record, 64), i64_at(&record, 72), f64_at(&record, 80)), (101, 102, 0.5));
        assert_eq!(record[88..94], [1, 8, 4, 3, 1, 1]);
    }

    #[test]
    fn what_is_addressed_to_another_bot_is_not_decoded() {
        let mut writer = RecordWriter::new(BOT, Arc::default());
        let mut record = [9; RECORD_BYTES];
        assert_eq!(writer.write(arrival(BOT + 1, 3), &[255; 8], &mut record), Outcome::Foreign);
        assert_eq!(record, [9; RECORD_BYTES]);
    }

    #[test]
    fn a_length_beyond_the_slot_is_invalid() {
        let mut writer = RecordWriter::new(BOT, Arc::default());
        let mut record = [0; RECORD_BYTES];
        for length in [513, usize::MAX] {
            let outcome = writer.write(arrival(0, length), &[0; 512], &mut record);
            assert_eq!(outcome, Outcome::Invalid(CodecError::ShortBuffer));
        }
    }

    #[test]
    fn a_symbol_keeps_its_index() {
        let tables = Arc::new(SideTables::default());
        let mut writer = RecordWriter::new(BOT, tables.clone());
        let indexes: Vec<u16> =
            ["a", "b", "b", "a", "c"].map(|symbol| u16_at(&record_of(&mut writer, 0, &position(symbol)).1, 2)).to_vec();
        assert_eq!(indexes, [0, 1, 1, 0, 2]);
        assert_eq!(tables.symbols(), ["a", "b", "c"]);
    }

    #[test]
    fn a_flood_of_invented_symbols_is_marked_and_bounded() {
        let tables = Arc::new(SideTables::default());
        let mut writer = RecordWriter::new(BOT, tables.clone());
        for number in 0..SYMBOLS_MAX + 10 {
            let (_, record) = record_of(&mut writer, 0, &position(&format!("s{number}")));
            let bad = number >= SYMBOLS_MAX;
            assert_eq!(record[1] & flag::BAD_SYMBOL != 0, bad);
            assert_eq!(u16_at(&record, 2) == NO_INDEX, bad);
        }
        assert_eq!(tables.symbols().len(), SYMBOLS_MAX);
        let long = "x".repeat(SYMBOL_BYTES_MAX + 1);
        assert_eq!(record_of(&mut writer, 0, &position(&long)).1[1], flag::BAD_SYMBOL);
    }

    #[test]
    fn an_error_record_names_the_slot_its_value_waits_in() {
        let tables = Arc::new(SideTables::default());
        let mut writer = RecordWriter::new(BOT, tables.clone());
        let slot_of = |writer: &mut RecordWriter, number: i64| {
            let event = LiveEvent::Error(LiveError { kind: ErrorKind::Custom(number), value: Value::Empty });
            u16_at(&record_of(writer, 0, &event).1, offset::ERR_SLOT)
        };
        let slots = [slot_of(&mut writer, 1), slot_of(&mut writer, 2)];
        let taken = slots.map(|slot| tables.take_error(slot).map(|error| error.kind));
        assert_eq!(taken, [Some(ErrorKind::Custom(1)), Some(ErrorKind::Custom(2))]);
    }
}
