//! JSON lines: scripts arrive on stdin through a thread of their own, reports leave on stdout.
//!
//! Ids and nanoseconds travel as decimal text, because a reader in JavaScript has no 64-bit numbers in JSON.

use std::io::{stdin, stdout, BufRead, Write};
use std::sync::mpsc::{channel, Receiver};
use std::thread;

use serde_json::{json, Value};

use feedbus_native::codec::types::{LiveRequest, Order};

/// One report, at once: a test waits for it. A reader that is gone ends the program.
pub fn report(line: &Value) {
    let mut out = stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Lines of stdin; the channel ends with the input.
pub fn commands() -> Receiver<Result<Value, String>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in stdin().lock().lines().map_while(Result::ok) {
            if line.trim().is_empty() {
                continue;
            }
            let command = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"));
            if sender.send(command).is_err() {
                return;
            }
        }
    });
    receiver
}

pub fn order_json(order: &Order) -> Value {
    json!({
        "qty": order.qty,
        "leavesQty": order.leaves_qty,
        "execQty": order.exec_qty,
        "execPriceTick": order.exec_price_tick,
        "priceTick": order.price_tick,
        "tickSize": order.tick_size,
        "exchTimestamp": order.exch_timestamp.to_string(),
        "localTimestamp": order.local_timestamp.to_string(),
        "orderId": order.order_id.to_string(),
        "maker": order.maker,
        "orderType": order.order_type.tag(),
        "req": order.req.tag(),
        "status": order.status.tag(),
        "side": order.side.tag(),
        "timeInForce": order.time_in_force.tag(),
    })
}

pub fn request_json(request: &LiveRequest<'_>) -> Value {
    match request {
        LiveRequest::Order { symbol, order } => {
            json!({ "type": "order", "symbol": symbol, "order": order_json(order) })
        }
        LiveRequest::RegisterInstrument { symbol, tick_size, lot_size } => {
            json!({ "type": "register", "symbol": symbol, "tickSize": tick_size, "lotSize": lot_size })
        }
    }
}
