//! Random messages through both codecs in both directions. A failure names the seed and the round.
//!
//! `ours -> bytes -> theirs -> bytes -> ours` must come back unchanged, and bytes must be equal wherever the order of
//! a hash map does not decide them.

use bincode::config::standard;
use bincode::{decode_from_slice, encode_to_vec};
use feedbus_native::codec::types as ours;
use feedbus_native::codec::{decode_event, decode_request, encode_event, encode_request};
use hftbacktest::types as theirs;

const ROUNDS: u64 = 20_000;
const SEED: u64 = 20_240_517;

/// Room for the largest message the generator makes; slots on the wire are smaller.
const ROOM: usize = 16_384;

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Spread over all lengths a number can have on the wire, edges included.
    fn u64(&mut self) -> u64 {
        const EDGES: [u64; 10] = [0, 1, 250, 251, 252, 65_535, 65_536, u32::MAX as u64, 1 << 32, u64::MAX];
        match self.below(3) {
            0 => EDGES[self.below(EDGES.len())],
            1 => self.next() >> self.below(64),
            _ => self.next(),
        }
    }

    fn i64(&mut self) -> i64 {
        self.u64() as i64
    }

    /// Any finite or infinite value; NaN never equals itself and is left to the fuzzer.
    fn f64(&mut self) -> f64 {
        let value = match self.below(3) {
            0 => [0.0, -0.0, 1.0, f64::MIN_POSITIVE, f64::MAX, f64::INFINITY, f64::NEG_INFINITY][self.below(7)],
            1 => self.next() as f64 / 1_000.0,
            _ => f64::from_bits(self.next()),
        };
        if value.is_nan() {
            0.5
        } else {
            value
        }
    }

    fn text(&mut self) -> String {
        const LETTERS: [char; 8] = ['a', 'Z', '0', '_', '/', 'ß', '漢', '🦀'];
        let length = self.below(24);
        (0..length).map(|_| LETTERS[self.below(LETTERS.len())]).collect()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn event(&mut self) -> ours::Event {
        ours::Event {
            ev: self.u64(),
            exch_ts: self.i64(),
            local_ts: self.i64(),
            px: self.f64(),
            qty: self.f64(),
            order_id: self.u64(),
            ival: self.i64(),
            fval: self.f64(),
        }
    }

    fn order(&mut self) -> ours::Order {
        ours::Order {
            qty: self.f64(),
            leaves_qty: self.f64(),
            exec_qty: self.f64(),
            exec_price_tick: self.i64(),
            price_tick: self.i64(),
            tick_size: self.f64(),
            exch_timestamp: self.i64(),
            local_timestamp: self.i64(),
            order_id: self.u64(),
            maker: self.below(2) == 1,
            order_type: self.of(ours::OrdType::ALL),
            req: self.of(ours::Status::ALL),
            status: self.of(ours::Status::ALL),
            side: self.of(ours::Side::ALL),
            time_in_force: self.of(ours::TimeInForce::ALL),
        }
    }

    fn value(&mut self, depth: usize) -> ours::Value {
        match self.below(if depth < 4 { 7 } else { 4 }) {
            0 => ours::Value::String(self.text()),
            1 => ours::Value::Int(self.i64()),
            2 => ours::Value::Float(self.f64()),
            3 => ours::Value::Bool(self.below(2) == 1),
            4 => ours::Value::List((0..self.below(4)).map(|_| self.value(depth + 1)).collect()),
            // Keys in order and different, as a map has them once it was sorted.
            5 => ours::Value::Map(
                (0..self.below(4)).map(|at| (format!("{at}{}", self.text()), self.value(depth + 1))).collect(),
            ),
            _ => ours::Value::Empty,
        }
    }

    fn error(&mut self) -> ours::LiveError {
        let kind = match self.below(4) {
            0 => ours::ErrorKind::ConnectionInterrupted,
            1 => ours::ErrorKind::CriticalConnectionError,
            2 => ours::ErrorKind::OrderError,
            _ => ours::ErrorKind::Custom(self.i64()),
        };
        ours::LiveError { kind, value: self.value(0) }
    }

    fn live_event<'a>(&mut self, symbol: &'a str) -> ours::LiveEvent<'a> {
        match self.below(6) {
            0 => ours::LiveEvent::BatchStart,
            1 => ours::LiveEvent::BatchEnd,
            2 => ours::LiveEvent::Feed { symbol, event: self.event() },
            3 => ours::LiveEvent::Order { symbol, order: self.order() },
            4 => ours::LiveEvent::Position { symbol, qty: self.f64(), exch_ts: self.i64() },
            _ => ours::LiveEvent::Error(self.error()),
        }
    }

    fn live_request<'a>(&mut self, symbol: &'a str) -> ours::LiveRequest<'a> {
        match self.below(2) {
            0 => ours::LiveRequest::Order { symbol, order: self.order() },
            _ => ours::LiveRequest::RegisterInstrument { symbol, tick_size: self.f64(), lot_size: self.f64() },
        }
    }
}

fn has_wide_map(value: &ours::Value) -> bool {
    match value {
        ours::Value::Map(pairs) => pairs.len() > 1 || pairs.iter().any(|(_, item)| has_wide_map(item)),
        ours::Value::List(items) => items.iter().any(has_wide_map),
        _ => false,
    }
}

fn sorted(value: ours::Value) -> ours::Value {
    match value {
        ours::Value::List(items) => ours::Value::List(items.into_iter().map(sorted).collect()),
        ours::Value::Map(pairs) => {
            let mut pairs: Vec<_> = pairs.into_iter().map(|(key, item)| (key, sorted(item))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            ours::Value::Map(pairs)
        }
        other => other,
    }
}

fn with_sorted_maps(event: ours::LiveEvent<'_>) -> ours::LiveEvent<'_> {
    match event {
        ours::LiveEvent::Error(error) => {
            ours::LiveEvent::Error(ours::LiveError { kind: error.kind, value: sorted(error.value) })
        }
        other => other,
    }
}

/// Variants are compared by name, so that a tag both codecs get wrong in the same way is still found.
fn same_name(a: impl std::fmt::Debug, b: impl std::fmt::Debug) -> bool {
    format!("{a:?}").eq_ignore_ascii_case(&format!("{b:?}"))
}

fn assert_same_order(ours: &ours::Order, theirs: &theirs::Order, at: &str) {
    assert_eq!(
        (ours.qty, ours.leaves_qty, ours.exec_qty, ours.tick_size),
        (theirs.qty, theirs.leaves_qty, theirs.exec_qty, theirs.tick_size),
        "{at}"
    );
    assert_eq!(
        (ours.exec_price_tick, ours.price_tick, ours.exch_timestamp, ours.local_timestamp, ours.order_id, ours.maker),
        (
            theirs.exec_price_tick,
            theirs.price_tick,
            theirs.exch_timestamp,
            theirs.local_timestamp,
            theirs.order_id,
            theirs.maker
        ),
        "{at}"
    );
    assert!(same_name(ours.order_type, theirs.order_type), "{at}");
    assert!(same_name(ours.req, theirs.req) && same_name(ours.status, theirs.status), "{at}");
    assert!(same_name(ours.side, theirs.side) && same_name(ours.time_in_force, theirs.time_in_force), "{at}");
}

fn assert_same_event(ours: &ours::LiveEvent<'_>, theirs: &theirs::LiveEvent, at: &str) {
    match (ours, theirs) {
        (ours::LiveEvent::BatchStart, theirs::LiveEvent::BatchStart)
        | (ours::LiveEvent::BatchEnd, theirs::LiveEvent::BatchEnd) => {}
        (ours::LiveEvent::Feed { symbol, event: a }, theirs::LiveEvent::Feed { symbol: name, event: b }) => {
            assert_eq!(symbol, name, "{at}");
            assert_eq!(
                (a.ev, a.exch_ts, a.local_ts, a.px, a.qty, a.order_id, a.ival, a.fval),
                (b.ev, b.exch_ts, b.local_ts, b.px, b.qty, b.order_id, b.ival, b.fval),
                "{at}"
            );
        }
        (ours::LiveEvent::Order { symbol, order: a }, theirs::LiveEvent::Order { symbol: name, order: b }) => {
            assert_eq!(symbol, name, "{at}");
            assert_same_order(a, b, at);
        }
        (
            ours::LiveEvent::Position { symbol, qty, exch_ts },
            theirs::LiveEvent::Position { symbol: name, qty: amount, exch_ts: time },
        ) => assert_eq!((*symbol, qty, exch_ts), (name.as_str(), amount, time), "{at}"),
        (ours::LiveEvent::Error(a), theirs::LiveEvent::Error(b)) => {
            assert!(same_name(a.kind, b.kind), "{at}");
        }
        (a, b) => panic!("{at}: {a:?} was read as {b:?}"),
    }
}

#[test]
fn every_random_event_means_the_same_on_both_sides() {
    let mut random = Random(SEED);
    let mut buffer = vec![0; ROOM];
    for round in 0..ROUNDS {
        let symbol = random.text();
        let event = random.live_event(&symbol);
        let at = format!("seed {SEED}, round {round}");
        let length = encode_event(&event, &mut buffer).unwrap_or_else(|error| panic!("{at}: {error}"));
        let bytes = buffer[..length].to_vec();

        let (read, used) = decode_from_slice::<theirs::LiveEvent, _>(&bytes, standard())
            .unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(used, length, "{at}");
        assert_same_event(&event, &read, &at);

        let back = encode_to_vec(&read, standard()).expect("encodes");
        let wide = matches!(&event, ours::LiveEvent::Error(error) if has_wide_map(&error.value));
        if !wide {
            assert_eq!(back, bytes, "{at}");
        }
        let again = decode_event(&back).unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(with_sorted_maps(again), with_sorted_maps(event), "{at}");
    }
}

#[test]
fn every_random_request_means_the_same_on_both_sides() {
    let mut random = Random(SEED + 1);
    let mut buffer = vec![0; ROOM];
    for round in 0..ROUNDS {
        let symbol = random.text();
        let request = random.live_request(&symbol);
        let at = format!("seed {}, round {round}", SEED + 1);
        let length = encode_request(&request, &mut buffer).unwrap_or_else(|error| panic!("{at}: {error}"));
        let bytes = buffer[..length].to_vec();

        let (read, used) = decode_from_slice::<theirs::LiveRequest, _>(&bytes, standard())
            .unwrap_or_else(|error| panic!("{at}: {error}"));
        assert_eq!(used, length, "{at}");
        match (&request, &read) {
            (ours::LiveRequest::Order { symbol, order }, theirs::LiveRequest::Order { symbol: name, order: other }) => {
                assert_eq!(symbol, name, "{at}");
                assert_same_order(order, other, &at);
            }
            (
                ours::LiveRequest::RegisterInstrument { symbol, tick_size, lot_size },
                theirs::LiveRequest::RegisterInstrument { symbol: name, tick_size: tick, lot_size: lot },
            ) => assert_eq!((*symbol, tick_size, lot_size), (name.as_str(), tick, lot), "{at}"),
            (a, b) => panic!("{at}: {a:?} was read as {b:?}"),
        }
        let back = encode_to_vec(&read, standard()).expect("encodes");
        assert_eq!(back, bytes, "{at}");
        assert_eq!(decode_request(&back).as_ref(), Ok(&request), "{at}");
    }
}

#[test]
fn what_the_published_decoder_refuses_ours_refuses_too() {
    // One direction only: ours also refuses bytes behind the message, which theirs leaves unread.
    let mut random = Random(SEED + 2);
    let mut buffer = vec![0; ROOM];
    let mut refused = 0;
    for round in 0..ROUNDS {
        let symbol = random.text();
        let event = random.live_event(&symbol);
        let length = encode_event(&event, &mut buffer).expect("encodes");
        let mut bytes = buffer[..length].to_vec();
        match random.below(3) {
            0 => bytes.truncate(random.below(length)),
            _ => {
                let at = random.below(length);
                bytes[at] = random.next() as u8;
            }
        }
        // With a limit, because without one that decoder trusts a damaged length and panics on the allocation.
        let theirs = decode_from_slice::<theirs::LiveEvent, _>(&bytes, standard().with_limit::<ROOM>());
        if theirs.is_err() {
            refused += 1;
            assert!(decode_event(&bytes).is_err(), "seed {}, round {round}: {bytes:02x?}", SEED + 2);
        } else if let (Ok(ours), Ok((read, used))) = (decode_event(&bytes), theirs) {
            assert_eq!(used, bytes.len());
            if !has_nan(&ours) {
                assert_same_event(&ours, &read, &format!("seed {}, round {round}", SEED + 2));
            }
        }
    }
    assert!(refused > ROUNDS / 10, "only {refused} of {ROUNDS} damaged messages were refused");
}

fn has_nan(event: &ours::LiveEvent<'_>) -> bool {
    match event {
        ours::LiveEvent::Feed { event, .. } => event.px.is_nan() || event.qty.is_nan() || event.fval.is_nan(),
        ours::LiveEvent::Order { order, .. } => {
            [order.qty, order.leaves_qty, order.exec_qty, order.tick_size].iter().any(|number| number.is_nan())
        }
        ours::LiveEvent::Position { qty, .. } => qty.is_nan(),
        _ => false,
    }
}
