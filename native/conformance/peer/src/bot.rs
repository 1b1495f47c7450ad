//! The published live bot against a stand-in connector: what it registers, reads, orders and cancels.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use hftbacktest::live::ipc::iceoryx::IceoryxUnifiedChannel;
use hftbacktest::live::{Instrument, LiveBot, LiveBotBuilder};
use hftbacktest::prelude::{Bot, HashMapMarketDepth, MarketDepth};
use hftbacktest::types::{OrdType, TimeInForce};
use serde_json::json;

use crate::{report, Arguments};

const TICK_SIZE: f64 = 0.1;
const LOT_SIZE: f64 = 0.001;
const SECOND_NS: i64 = 1_000_000_000;
const TRADES: usize = 20;
const PATIENCE: Duration = Duration::from_secs(20);

pub fn run(arguments: &Arguments) -> Result<(), String> {
    let errors: Rc<RefCell<Vec<String>>> = Rc::default();
    let seen = Rc::clone(&errors);
    let mut bot: LiveBot<IceoryxUnifiedChannel, HashMapMarketDepth> = LiveBotBuilder::new()
        .register(Instrument::new(
            &arguments.name,
            &arguments.symbol,
            TICK_SIZE,
            LOT_SIZE,
            HashMapMarketDepth::new(TICK_SIZE, LOT_SIZE),
            1_000,
        ))
        .error_handler(move |error| {
            seen.borrow_mut().push(format!("{:?}", error.kind));
            Ok(())
        })
        .id(4711)
        .build()
        .map_err(|error| error.to_string())?;
    report(&json!({ "event": "ready", "pid": std::process::id() }));

    let said = |error: hftbacktest::live::BotError| error.to_string();
    let started = Instant::now();
    // A market on both sides and some trades. What a wait returns says little: after a batch it is always `Ok`.
    while started.elapsed() < PATIENCE {
        bot.wait_next_feed(true, SECOND_NS).map_err(said)?;
        let depth = bot.depth(0);
        if depth.best_bid().is_finite() && depth.best_ask().is_finite() && bot.last_trades(0).len() >= TRADES {
            break;
        }
    }
    let depth = bot.depth(0);
    report(&json!({
        "event": "market", "bestBid": depth.best_bid(), "bestAsk": depth.best_ask(),
        "trades": bot.last_trades(0).len(), "latency": format!("{:?}", bot.feed_latency(0)),
    }));

    let submitted =
        bot.submit_buy_order(0, 101, 63_000.0, 0.25, TimeInForce::GTX, OrdType::Limit, true).map_err(said)?;
    let after_submit = bot.orders(0).get(&101).map(|order| format!("{:?}", order.status));
    report(&json!({ "event": "submitted", "result": format!("{submitted:?}"), "status": after_submit }));

    let cancelled = bot.cancel(0, 101, true).map_err(said)?;
    let after_cancel = bot.orders(0).get(&101).map(|order| format!("{:?}", order.status));
    report(&json!({ "event": "cancelled", "result": format!("{cancelled:?}"), "status": after_cancel }));

    // The id is used up for everyone: the answer is an expired order.
    bot.clear_inactive_orders(Some(0));
    bot.submit_sell_order(0, 101, 65_000.0, 0.25, TimeInForce::GTC, OrdType::Limit, true).map_err(said)?;
    let again = bot.orders(0).get(&101).map(|order| format!("{:?}", order.status));
    report(&json!({ "event": "repeated", "status": again }));

    // Whatever the stand-in is told to send meanwhile: positions and errors.
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until && (bot.position(0) == 0.0 || errors.borrow().len() < 4) {
        bot.elapse(SECOND_NS / 20).map_err(said)?;
    }
    report(&json!({ "event": "account", "position": bot.position(0), "errors": *errors.borrow() }));
    bot.close().map_err(said)
}
