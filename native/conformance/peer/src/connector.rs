//! Published channels in the connector's role: says what arrives, and after a registration sends one of everything.

use std::io::{stdin, BufRead};
use std::sync::mpsc::{channel, TryRecvError};
use std::thread;
use std::time::Duration;

use hftbacktest::live::ipc::iceoryx::{ChannelError, IceoryxBuilder, IceoryxReceiver, IceoryxSender};
use hftbacktest::live::ipc::TO_ALL;
use hftbacktest::types::{
    ErrorKind, Event, LiveError, LiveEvent, LiveRequest, OrdType, Order, Side, Status, TimeInForce, Value, BUY_EVENT,
    DEPTH_BBO_EVENT, DEPTH_CLEAR_EVENT, DEPTH_EVENT, DEPTH_SNAPSHOT_EVENT, EXCH_EVENT, LOCAL_EVENT, SELL_EVENT,
    TRADE_EVENT,
};
use serde_json::json;

use crate::{report, Arguments};

const EXCH_TS: i64 = 1_700_000_000_000_000_000;
const LOCAL_TS: i64 = 1_700_000_000_001_234_567;

fn said(error: ChannelError) -> String {
    error.to_string()
}

fn feed(symbol: &str, ev: u64, px: f64, qty: f64) -> LiveEvent {
    let event = Event { ev, exch_ts: EXCH_TS, local_ts: LOCAL_TS, px, qty, order_id: 0, ival: 0, fval: 0.0 };
    LiveEvent::Feed { symbol: symbol.to_owned(), event }
}

/// One of each kind, ending in a book of one bid (64000.4 x 2) and one ask (64000.6 x 3).
fn everything(symbol: &str) -> Vec<LiveEvent> {
    let both = LOCAL_EVENT | EXCH_EVENT;
    let mut order = Order::new(77, 640_005, 0.1, 0.5, Side::Sell, OrdType::Limit, TimeInForce::GTX);
    order.status = Status::PartiallyFilled;
    order.exec_qty = 0.2;
    order.leaves_qty = 0.3;
    order.exec_price_tick = 640_005;
    order.exch_timestamp = EXCH_TS;
    order.local_timestamp = LOCAL_TS;
    order.maker = true;
    let mut events = vec![
        LiveEvent::BatchStart,
        feed(symbol, both | BUY_EVENT | DEPTH_EVENT, 63_999.9, 1.0),
        feed(symbol, both | BUY_EVENT | DEPTH_CLEAR_EVENT, 0.0, 0.0),
        feed(symbol, both | BUY_EVENT | DEPTH_EVENT, 64_000.4, 1.5),
        feed(symbol, both | SELL_EVENT | DEPTH_EVENT, 64_000.5, 1.0),
        feed(symbol, both | SELL_EVENT | DEPTH_EVENT, 64_000.6, 3.0),
        // What the fusion filter adds: a side and a kind, neither LOCAL nor EXCH.
        feed(symbol, SELL_EVENT | DEPTH_EVENT, 64_000.5, 0.0),
        feed(symbol, both | BUY_EVENT | DEPTH_BBO_EVENT, 64_000.4, 2.0),
        LiveEvent::BatchEnd,
        feed(symbol, both | BUY_EVENT | TRADE_EVENT, 64_000.6, 0.1),
        LiveEvent::Order { symbol: symbol.to_owned(), order },
        LiveEvent::Position { symbol: symbol.to_owned(), qty: -0.2, exch_ts: EXCH_TS },
    ];
    let kinds = [
        ErrorKind::ConnectionInterrupted,
        ErrorKind::CriticalConnectionError,
        ErrorKind::OrderError,
        ErrorKind::Custom(7),
    ];
    let values = [
        Value::String("lost".into()),
        Value::List(vec![Value::Bool(true), Value::Float(1.5), Value::Empty]),
        Value::Map([("code".to_owned(), Value::Int(-5022))].into_iter().collect()),
        Value::Empty,
    ];
    events.extend(kinds.into_iter().zip(values).map(|(kind, value)| LiveEvent::Error(LiveError { kind, value })));
    events
}

fn snapshot(symbol: &str) -> Vec<LiveEvent> {
    let both = LOCAL_EVENT | EXCH_EVENT;
    vec![
        LiveEvent::BatchStart,
        feed(symbol, both | BUY_EVENT | DEPTH_SNAPSHOT_EVENT, 64_000.4, 2.0),
        feed(symbol, both | SELL_EVENT | DEPTH_SNAPSHOT_EVENT, 64_000.6, 3.0),
        LiveEvent::BatchEnd,
    ]
}

pub fn run(arguments: &Arguments) -> Result<(), String> {
    let symbol = &arguments.symbol;
    let sender: IceoryxSender<LiveEvent> = IceoryxBuilder::new(&arguments.name).bot(false).sender().map_err(said)?;
    let receiver: IceoryxReceiver<LiveRequest> =
        IceoryxBuilder::new(&arguments.name).bot(false).receiver().map_err(said)?;
    report(&json!({ "event": "ready", "pid": std::process::id() }));
    let (lines, script) = channel();
    thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
    let mut registrations = 0;
    loop {
        while let Some((bot, request)) = receiver.receive().map_err(said)? {
            match request {
                LiveRequest::RegisterInstrument { symbol: name, tick_size, lot_size } => {
                    registrations += 1;
                    report(&json!({
                        "event": "register", "bot": bot.to_string(), "symbol": name,
                        "tickSize": tick_size, "lotSize": lot_size,
                    }));
                    let (to, events) =
                        if registrations == 1 { (TO_ALL, everything(symbol)) } else { (bot, snapshot(symbol)) };
                    for event in &events {
                        sender.send(to, event).map_err(said)?;
                    }
                    // Somebody else's, which nobody here may apply.
                    sender
                        .send(bot.wrapping_add(1), &feed(symbol, LOCAL_EVENT | BUY_EVENT | DEPTH_EVENT, 1.0, 1.0))
                        .map_err(said)?;
                }
                LiveRequest::Order { symbol: name, mut order } => {
                    report(&json!({
                        "event": "order", "bot": bot.to_string(), "symbol": name, "orderId": order.order_id.to_string(),
                        "priceTick": order.price_tick, "qty": order.qty, "leavesQty": order.leaves_qty,
                        "tickSize": order.tick_size, "localTimestamp": order.local_timestamp.to_string(),
                        "side": format!("{:?}", order.side), "orderType": format!("{:?}", order.order_type),
                        "req": format!("{:?}", order.req), "status": format!("{:?}", order.status),
                        "timeInForce": format!("{:?}", order.time_in_force),
                    }));
                    order.status = if order.req == Status::Canceled { Status::Canceled } else { Status::New };
                    order.req = Status::None;
                    order.exch_timestamp = order.local_timestamp + 1;
                    sender.send(TO_ALL, &LiveEvent::Order { symbol: name, order }).map_err(said)?;
                }
            }
        }
        match script.try_recv() {
            Err(TryRecvError::Disconnected) => return Ok(()),
            Ok(line) if line.contains("exit") => return Ok(()),
            Ok(line) if line.contains("send") => {
                for event in &everything(symbol) {
                    sender.send(TO_ALL, event).map_err(said)?;
                }
            }
            _ => thread::sleep(Duration::from_micros(200)),
        }
    }
}
