//! The vectors of `vectors/golden.txt`, byte for byte in both directions.

use super::types::*;
use super::{decode_event, decode_request, encode_event, encode_request};

const EXCH_TS: i64 = 1_700_000_000_000_000_000;
const LOCAL_TS: i64 = 1_700_000_000_001_234_567;

fn vector(name: &str) -> Vec<u8> {
    let line = include_str!("../../vectors/golden.txt")
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
        .unwrap_or_else(|| panic!("no vector {name}"));
    (0..line.len()).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap()).collect()
}

fn feed(ev: u64, local_ts: i64) -> LiveEvent<'static> {
    let event = Event { ev, exch_ts: EXCH_TS, local_ts, px: 64000.5, qty: 0.25, order_id: 0, ival: 0, fval: 0.0 };
    LiveEvent::Feed { symbol: "btcusdt", event }
}

fn order() -> Order {
    Order {
        qty: 0.25,
        leaves_qty: 0.25,
        exec_qty: 0.0,
        exec_price_tick: 0,
        price_tick: 640_005,
        tick_size: 0.1,
        exch_timestamp: 0,
        local_timestamp: LOCAL_TS,
        order_id: u64::MAX,
        maker: false,
        order_type: OrdType::Limit,
        req: Status::New,
        status: Status::New,
        side: Side::Sell,
        time_in_force: TimeInForce::Gtx,
    }
}

fn events() -> Vec<(&'static str, LiveEvent<'static>)> {
    use event_flag::{BUY, EXCH, LOCAL, SELL};
    let error = |kind, value| LiveEvent::Error(LiveError { kind, value });
    vec![
        ("event.batch-start", LiveEvent::BatchStart),
        ("event.batch-end", LiveEvent::BatchEnd),
        ("event.feed.depth", feed(LOCAL | BUY | u64::from(event_kind::DEPTH), LOCAL_TS)),
        ("event.feed.snapshot", feed(EXCH | LOCAL | SELL | u64::from(event_kind::DEPTH_SNAPSHOT), 0)),
        ("event.position", LiveEvent::Position { symbol: "btcusdt", qty: -1.5, exch_ts: EXCH_TS }),
        (
            "event.order.market",
            LiveEvent::Order {
                symbol: "X",
                order: Order {
                    exec_price_tick: 125,
                    price_tick: -3,
                    order_id: 250,
                    maker: true,
                    order_type: OrdType::Market,
                    req: Status::Canceled,
                    status: Status::PartiallyFilled,
                    side: Side::Buy,
                    time_in_force: TimeInForce::Unsupported,
                    ..order()
                },
            },
        ),
        (
            "event.order.unsupported",
            LiveEvent::Order {
                symbol: "",
                order: Order {
                    order_id: 251,
                    order_type: OrdType::Unsupported,
                    status: Status::Unsupported,
                    side: Side::None,
                    ..order()
                },
            },
        ),
        ("event.error.order", error(ErrorKind::OrderError, Value::Map(vec![("code".into(), Value::Int(-5022))]))),
        ("event.error.custom", error(ErrorKind::Custom(7), Value::Empty)),
        ("event.error.interrupted", error(ErrorKind::ConnectionInterrupted, Value::String("x".into()))),
        (
            "event.error.critical",
            error(ErrorKind::CriticalConnectionError, Value::List(vec![Value::Bool(true), Value::Float(1.0)])),
        ),
    ]
}

fn requests() -> Vec<(&'static str, LiveRequest<'static>)> {
    vec![
        ("request.order", LiveRequest::Order { symbol: "btcusdt", order: order() }),
        ("request.register", LiveRequest::RegisterInstrument { symbol: "btcusdt", tick_size: 0.1, lot_size: 0.001 }),
    ]
}

#[test]
fn every_event_encodes_to_its_vector_and_back() {
    for (name, event) in events() {
        let bytes = vector(name);
        let mut out = [0; MESSAGE_BYTES_MAX];
        let length = encode_event(&event, &mut out).unwrap();
        assert_eq!(&out[..length], bytes, "{name}");
        assert_eq!(decode_event(&bytes).as_ref(), Ok(&event), "{name}");
    }
}

#[test]
fn every_request_encodes_to_its_vector_and_back() {
    for (name, request) in requests() {
        let bytes = vector(name);
        let mut out = [0; MESSAGE_BYTES_MAX];
        let length = encode_request(&request, &mut out).unwrap();
        assert_eq!(&out[..length], bytes, "{name}");
        assert_eq!(decode_request(&bytes).as_ref(), Ok(&request), "{name}");
    }
}

#[test]
fn every_vector_of_the_file_is_tested() {
    let tested = events().len() + requests().len();
    let listed = include_str!("../../vectors/golden.txt").lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(tested, listed);
}

#[test]
fn every_cut_and_every_extra_byte_is_refused() {
    for (name, _) in events() {
        let bytes = vector(name);
        for length in 0..bytes.len() {
            assert!(decode_event(&bytes[..length]).is_err(), "{name} cut to {length}");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(decode_event(&longer), Err(CodecError::TrailingBytes(1)), "{name}");
    }
}

#[test]
fn every_value_of_every_enumeration_travels() {
    for &order_type in OrdType::ALL {
        for &status in Status::ALL {
            for &req in Status::ALL {
                for &side in Side::ALL {
                    for &time_in_force in TimeInForce::ALL {
                        let order = Order { order_type, status, req, side, time_in_force, ..order() };
                        let event = LiveEvent::Order { symbol: "btcusdt", order };
                        let mut out = [0; MESSAGE_BYTES_MAX];
                        let length = encode_event(&event, &mut out).unwrap();
                        assert_eq!(decode_event(&out[..length]), Ok(event));
                    }
                }
            }
        }
    }
    for (count, from_tag) in [
        (4, (|tag| Side::from_tag(tag).is_ok()) as fn(u32) -> bool),
        (9, |tag| Status::from_tag(tag).is_ok()),
        (5, |tag| TimeInForce::from_tag(tag).is_ok()),
        (3, |tag| OrdType::from_tag(tag).is_ok()),
    ] {
        assert!((0..count).all(from_tag));
        assert!(!from_tag(count) && !from_tag(255) && !from_tag(u32::MAX));
    }
}

#[test]
fn values_nest_to_the_bound_and_no_further() {
    let nested = |depth: usize| {
        let value = (0..depth).fold(Value::Empty, |inner, _| Value::List(vec![inner]));
        LiveEvent::Error(LiveError { kind: ErrorKind::OrderError, value })
    };
    let mut out = [0; MESSAGE_BYTES_MAX];
    let length = encode_event(&nested(VALUE_DEPTH_MAX), &mut out).unwrap();
    assert_eq!(decode_event(&out[..length]), Ok(nested(VALUE_DEPTH_MAX)));
    assert_eq!(encode_event(&nested(VALUE_DEPTH_MAX + 1), &mut out), Err(CodecError::TooDeep));
    let deeper = [&[5, 2][..], &[4, 1].repeat(VALUE_DEPTH_MAX + 1), &[6]].concat();
    assert_eq!(decode_event(&deeper), Err(CodecError::TooDeep));
}

#[test]
fn a_message_longer_than_a_slot_is_refused() {
    let text = "x".repeat(MESSAGE_BYTES_MAX);
    let event = LiveEvent::Error(LiveError { kind: ErrorKind::OrderError, value: Value::String(text) });
    let mut out = [0; MESSAGE_BYTES_MAX];
    assert_eq!(encode_event(&event, &mut out), Err(CodecError::TooLarge { capacity: MESSAGE_BYTES_MAX }));
}
