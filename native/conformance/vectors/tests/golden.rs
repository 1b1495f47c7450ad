//! Every golden vector once more, made by the published types and bincode 2.0.1.

use bincode::config::standard;
use bincode::{decode_from_slice, encode_to_vec};
use hftbacktest::types::{
    ErrorKind, Event, LiveError, LiveEvent, LiveRequest, OrdType, Order, Side, Status, TimeInForce, Value, BUY_EVENT,
    DEPTH_EVENT, DEPTH_SNAPSHOT_EVENT, EXCH_EVENT, LOCAL_EVENT, SELL_EVENT,
};

const EXCH_TS: i64 = 1_700_000_000_000_000_000;
const LOCAL_TS: i64 = 1_700_000_000_001_234_567;

fn vectors() -> Vec<(&'static str, Vec<u8>)> {
    include_str!("../../../vectors/golden.txt")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let (name, hex) = line.split_once(' ').expect("name and bytes");
            let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal");
            (name, (0..hex.len()).step_by(2).map(byte).collect())
        })
        .collect()
}

fn feed(ev: u64, local_ts: i64) -> LiveEvent {
    let event = Event { ev, exch_ts: EXCH_TS, local_ts, px: 64000.5, qty: 0.25, order_id: 0, ival: 0, fval: 0.0 };
    LiveEvent::Feed { symbol: "btcusdt".into(), event }
}

fn order() -> Order {
    let mut order = Order::new(u64::MAX, 640_005, 0.1, 0.25, Side::Sell, OrdType::Limit, TimeInForce::GTX);
    order.local_timestamp = LOCAL_TS;
    order.req = Status::New;
    order.status = Status::New;
    order
}

fn market_order() -> Order {
    let mut made = order();
    made.exec_price_tick = 125;
    made.price_tick = -3;
    made.order_id = 250;
    made.maker = true;
    made.order_type = OrdType::Market;
    made.req = Status::Canceled;
    made.status = Status::PartiallyFilled;
    made.side = Side::Buy;
    made.time_in_force = TimeInForce::Unsupported;
    made
}

fn unsupported_order() -> Order {
    let mut made = order();
    made.order_id = 251;
    made.order_type = OrdType::Unsupported;
    made.status = Status::Unsupported;
    made.side = Side::None;
    made
}

fn error(kind: ErrorKind, value: Value) -> LiveEvent {
    LiveEvent::Error(LiveError { kind, value })
}

fn made(name: &str) -> Vec<u8> {
    let event = |event: LiveEvent| encode_to_vec(event, standard()).expect("encodes");
    let request = |request: LiveRequest| encode_to_vec(request, standard()).expect("encodes");
    let symbol = || "btcusdt".to_owned();
    match name {
        "event.batch-start" => event(LiveEvent::BatchStart),
        "event.batch-end" => event(LiveEvent::BatchEnd),
        "event.feed.depth" => event(feed(LOCAL_EVENT | BUY_EVENT | DEPTH_EVENT, LOCAL_TS)),
        "event.feed.snapshot" => event(feed(EXCH_EVENT | LOCAL_EVENT | SELL_EVENT | DEPTH_SNAPSHOT_EVENT, 0)),
        "event.position" => event(LiveEvent::Position { symbol: symbol(), qty: -1.5, exch_ts: EXCH_TS }),
        "event.order.market" => event(LiveEvent::Order { symbol: "X".into(), order: market_order() }),
        "event.order.unsupported" => event(LiveEvent::Order { symbol: String::new(), order: unsupported_order() }),
        "event.error.order" => event(error(
            ErrorKind::OrderError,
            Value::Map([("code".to_owned(), Value::Int(-5022))].into_iter().collect()),
        )),
        "event.error.custom" => event(error(ErrorKind::Custom(7), Value::Empty)),
        "event.error.interrupted" => event(error(ErrorKind::ConnectionInterrupted, Value::String("x".into()))),
        "event.error.critical" => {
            event(error(ErrorKind::CriticalConnectionError, Value::List(vec![Value::Bool(true), Value::Float(1.0)])))
        }
        "request.order" => request(LiveRequest::Order { symbol: symbol(), order: order() }),
        "request.register" => {
            request(LiveRequest::RegisterInstrument { symbol: symbol(), tick_size: 0.1, lot_size: 0.001 })
        }
        other => panic!("a vector this test does not know: {other}"),
    }
}

#[test]
fn the_published_encoder_makes_every_vector() {
    let all = vectors();
    assert_eq!(all.len(), 13);
    for (name, bytes) in all {
        assert_eq!(made(name), bytes, "{name}");
    }
}

#[test]
fn the_published_decoder_reads_every_vector_to_its_end() {
    for (name, bytes) in vectors() {
        let used = if name.starts_with("request.") {
            decode_from_slice::<LiveRequest, _>(&bytes, standard()).map(|(_, used)| used)
        } else {
            decode_from_slice::<LiveEvent, _>(&bytes, standard()).map(|(_, used)| used)
        };
        assert_eq!(used.unwrap_or_else(|error| panic!("{name}: {error}")), bytes.len(), "{name}");
    }
}
