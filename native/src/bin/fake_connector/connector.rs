//! The connector itself: who is registered for what, what is sent to whom, and in which order.

use std::collections::BTreeMap;
use std::time::Instant;

use feedbus_native::codec::types::{Event, LiveEvent, LiveRequest, ADDRESS_EVERYONE};
use feedbus_native::codec::{decode_request, encode_event};
use serde_json::json;

use crate::market::Market;
use crate::orders::{Orders, Reply};
use crate::script::{MarketScript, Message};
use crate::tools::lines::{report, request_json};
use crate::tools::now_ns;
use crate::tools::ports::{Failure, Ports};

extern "C" {
    fn getpid() -> i32;
    fn kill(pid: i32, signal: i32) -> i32;
}
const SIGKILL: i32 = 9;

/// A running market and how far it is.
struct Run {
    script: MarketScript,
    started: Instant,
    sent: u64,
    turn: usize,
}

pub struct Connector {
    ports: Ports,
    seed: u64,
    quiet: bool,
    /// Feed records carry their running number in `ival`, for consumers that count what they lost.
    numbered: bool,
    markets: BTreeMap<String, Market>,
    pub orders: Orders,
    pub nest: bool,
    pub die_at: Option<u64>,
    run: Option<Run>,
    messages: u64,
    feeds: u64,
    requests: u64,
    /// The longest time between two looks at the requests: what a bot waits at worst.
    gap_ns_max: u64,
    looked: Instant,
    in_batch: bool,
}

impl Connector {
    pub fn new(ports: Ports, seed: u64, quiet: bool, numbered: bool) -> Self {
        Self {
            ports,
            seed,
            quiet,
            numbered,
            markets: BTreeMap::new(),
            orders: Orders::new(),
            nest: false,
            die_at: None,
            run: None,
            messages: 0,
            feeds: 0,
            requests: 0,
            gap_ns_max: 0,
            looked: Instant::now(),
            in_batch: false,
        }
    }

    fn send(&mut self, to: u64, event: &LiveEvent<'_>) -> Result<(), Failure> {
        self.ports.send(to, |slice| encode_event(event, slice))?;
        self.messages += 1;
        Ok(())
    }

    fn feed(&mut self, to: u64, symbol: &str, mut event: Event) -> Result<(), Failure> {
        self.feeds += 1;
        if self.numbered {
            event.ival = self.feeds as i64;
        }
        self.send(to, &LiveEvent::Feed { symbol, event })?;
        if self.die_at.is_some_and(|at| self.feeds >= at) && self.in_batch {
            report(&json!({ "event": "dying", "feeds": self.feeds }));
            // SAFETY: both are plain system calls without memory of ours.
            unsafe { kill(getpid(), SIGKILL) };
        }
        Ok(())
    }

    pub fn send_message(&mut self, to: u64, message: &Message) -> Result<(), Failure> {
        let event = match message {
            Message::BatchStart => LiveEvent::BatchStart,
            Message::BatchEnd => LiveEvent::BatchEnd,
            Message::Feed { symbol, event } => LiveEvent::Feed { symbol, event: *event },
            Message::Order { symbol, order } => LiveEvent::Order { symbol, order: *order },
            Message::Position { symbol, qty, exch_ts } => LiveEvent::Position { symbol, qty: *qty, exch_ts: *exch_ts },
            Message::Error(error) => LiveEvent::Error(error.clone()),
        };
        self.send(to, &event)
    }

    pub fn send_raw(&mut self, to: u64, bytes: &[u8], len: usize) -> Result<(), Failure> {
        self.ports.send_raw(to, bytes, len)?;
        self.messages += 1;
        Ok(())
    }

    /// Answers what bots asked for; returns whether there was anything.
    pub fn serve(&mut self) -> Result<bool, Failure> {
        self.gap_ns_max = self.gap_ns_max.max(self.looked.elapsed().as_nanos() as u64);
        self.looked = Instant::now();
        if self.nest && !self.in_batch {
            return Ok(false);
        }
        let mut any = false;
        while let Some(sample) = self.ports.receiver.receive()? {
            any = true;
            self.requests += 1;
            let bot = sample.user_header().id;
            let bytes = sample.payload().get(..sample.user_header().len).unwrap_or(&[]);
            let request = match decode_request(bytes) {
                Ok(request) => request,
                Err(error) => {
                    report(&json!({ "event": "badRequest", "bot": bot.to_string(), "reason": error.to_string() }));
                    continue;
                }
            };
            if !self.quiet {
                report(&json!({ "event": "request", "bot": bot.to_string(), "request": request_json(&request) }));
            }
            match request {
                LiveRequest::RegisterInstrument { symbol, tick_size, lot_size } => {
                    self.register(bot, symbol, tick_size, lot_size)?;
                }
                LiveRequest::Order { symbol, order } => {
                    for reply in self.orders.request(symbol, order) {
                        self.answer(symbol, reply)?;
                    }
                }
            }
        }
        Ok(any)
    }

    fn answer(&mut self, symbol: &str, reply: Reply) -> Result<(), Failure> {
        let event = match reply {
            Reply::Order(order) => LiveEvent::Order { symbol, order },
            Reply::Position(qty) => LiveEvent::Position { symbol, qty, exch_ts: now_ns() },
            Reply::Error(error) => LiveEvent::Error(error),
        };
        // Orders and errors concern one bot and are sent to all: connectors do not keep who asked.
        self.send(ADDRESS_EVERYONE, &event)
    }

    fn register(&mut self, bot: u64, symbol: &str, tick_size: f64, lot_size: f64) -> Result<(), Failure> {
        let is_first = !self.markets.contains_key(symbol);
        let nested = self.in_batch;
        self.send(bot, &LiveEvent::BatchStart)?;
        for order in self.orders.active(symbol) {
            self.send(bot, &LiveEvent::Order { symbol, order })?;
        }
        if let Some(qty) = self.orders.position(symbol) {
            self.send(bot, &LiveEvent::Position { symbol, qty, exch_ts: now_ns() })?;
        }
        let snapshot = self.markets.get(symbol).map_or_else(Vec::new, Market::snapshot);
        let levels = snapshot.len();
        for event in snapshot {
            // Outside the running numbers: those count what everyone gets.
            self.send(bot, &LiveEvent::Feed { symbol, event })?;
        }
        self.send(bot, &LiveEvent::BatchEnd)?;
        if is_first {
            // One seed per symbol: the same market whatever else is registered, and in whichever order.
            let salt = symbol.bytes().fold(self.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
            self.markets.insert(symbol.to_owned(), Market::new(tick_size, lot_size, salt));
        }
        report(&json!({
            "event": "registered", "bot": bot.to_string(), "symbol": symbol,
            "first": is_first, "levels": levels, "nested": nested,
        }));
        Ok(())
    }

    pub fn start(&mut self, script: MarketScript) {
        self.run = Some(Run { script, started: Instant::now(), sent: 0, turn: 0 });
    }

    pub fn stop(&mut self) {
        let Some(run) = self.run.take() else {
            report(&json!({ "event": "stopped", "sent": 0, "elapsedMs": 0, "rate": 0 }));
            return;
        };
        let elapsed = run.started.elapsed().as_secs_f64();
        report(&json!({
            "event": "stopped", "sent": run.sent, "elapsedMs": elapsed * 1_000.0,
            "rate": run.sent as f64 / elapsed, "feeds": self.feeds,
        }));
    }

    /// Sends what is due; returns whether anything was.
    pub fn advance(&mut self) -> Result<bool, Failure> {
        let Some(mut run) = self.run.take() else { return Ok(false) };
        let names: Vec<String> = match &run.script.symbols {
            Some(wanted) => wanted.iter().filter(|name| self.markets.contains_key(*name)).cloned().collect(),
            None => self.markets.keys().cloned().collect(),
        };
        let due = (run.started.elapsed().as_secs_f64() * run.script.rate) as u64;
        let per_batch = run.script.batch.max(1) as u64;
        if names.is_empty() || run.sent + per_batch > due {
            // Nobody asked for a symbol yet: the time until somebody does is no debt.
            if names.is_empty() {
                run.started = Instant::now();
            }
            self.run = Some(run);
            return Ok(false);
        }
        let name = &names[run.turn % names.len()];
        run.turn += 1;
        run.sent += self.batch(name, &run.script)?;
        let done = run.sent >= run.script.count;
        self.run = Some(run);
        if done {
            self.stop();
        }
        Ok(true)
    }

    fn batch(&mut self, name: &str, script: &MarketScript) -> Result<u64, Failure> {
        let Some(mut market) = self.markets.remove(name) else { return Ok(0) };
        let wanted = script.batch.max(1);
        let mut events = if market.book.is_empty() { market.first_levels() } else { Vec::new() };
        let is_batch = script.batch > 0 || !events.is_empty();
        while events.len() < wanted {
            events.extend(market.next(script.mix));
        }
        // Back before anything is sent: a registration inside the batch must find the book, and what it shows then
        // includes the rest of this batch. Levels are absolute, so applying that rest again changes nothing.
        self.markets.insert(name.to_owned(), market);
        if is_batch {
            self.send(ADDRESS_EVERYONE, &LiveEvent::BatchStart)?;
            self.in_batch = true;
        }
        let count = events.len() as u64;
        for (index, event) in events.into_iter().enumerate() {
            self.feed(ADDRESS_EVERYONE, name, event)?;
            if is_batch && index == 0 {
                self.serve()?;
            }
        }
        if is_batch {
            self.in_batch = false;
            self.send(ADDRESS_EVERYONE, &LiveEvent::BatchEnd)?;
        }
        Ok(count)
    }

    pub fn clear(&mut self, symbol: &str, is_buy: bool) -> Result<(), Failure> {
        let Some(market) = self.markets.get_mut(symbol) else { return Ok(()) };
        if is_buy {
            market.book.bids.clear();
        } else {
            market.book.asks.clear();
        }
        let event = market.event(feedbus_native::codec::types::event_kind::DEPTH_CLEAR, is_buy, 0, 0.0);
        self.feed(ADDRESS_EVERYONE, symbol, event)
    }

    pub fn die_after(&mut self, feeds: u64) {
        self.die_at = Some(self.feeds + feeds);
    }

    pub fn report_book(&self, symbol: &str) {
        let Some(market) = self.markets.get(symbol) else {
            report(&json!({ "event": "book", "symbol": symbol, "known": false }));
            return;
        };
        let (bids, asks) = market.book.levels();
        report(&json!({
            "event": "book", "symbol": symbol, "known": true, "hash": market.book.hash(), "feeds": self.feeds,
            "tickSize": market.tick_size, "bids": bids, "asks": asks,
        }));
    }

    pub fn report_stats(&mut self) {
        let (sent, elapsed) = self.run.as_ref().map_or((0, 0.0), |run| (run.sent, run.started.elapsed().as_secs_f64()));
        report(&json!({
            "event": "stats", "messages": self.messages, "feeds": self.feeds, "requests": self.requests,
            "running": self.run.is_some(), "sent": sent, "elapsedMs": elapsed * 1_000.0,
            "rate": if elapsed > 0.0 { sent as f64 / elapsed } else { 0.0 },
            "gapMsMax": self.gap_ns_max as f64 / 1e6,
            "bots": self.ports.to_bot_subscribers(),
        }));
        self.gap_ns_max = 0;
    }
}
