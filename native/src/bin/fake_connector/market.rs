//! A seeded market of one symbol: updates as a venue sends them, filtered as a connector filters them.
//!
//! The filter runs on a logical time of one step per update, so that the same seed gives the same book however fast
//! the records are asked for; only the times on the wire are those of the clock.

use feedbus_native::codec::types::{event_flag, event_kind, Event};

use crate::tools::book::{Book, Change};
use crate::tools::now_ns;
use crate::tools::random::Random;

const START_TICK: i64 = 640_000;
const LEVELS_PER_SIDE: i64 = 40;
/// Steps an outdated update lags behind.
const OUTDATED_STEPS: i64 = 50;
const MILLISECOND_NS: i64 = 1_000_000;

/// Shares of the mix in percent; the rest are depth updates.
#[derive(Debug, Clone, Copy)]
pub struct Mix {
    pub trades: u64,
    pub bbo: u64,
}

pub struct Market {
    pub book: Book,
    pub tick_size: f64,
    pub lot_size: f64,
    random: Random,
    mid: i64,
    step: i64,
}

impl Market {
    pub fn new(tick_size: f64, lot_size: f64, seed: u64) -> Self {
        Self { book: Book::default(), tick_size, lot_size, random: Random::new(seed), mid: START_TICK, step: 0 }
    }

    /// The levels of the one REST call that follows the first depth update of a connection.
    pub fn first_levels(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for distance in 1..=LEVELS_PER_SIDE {
            for is_buy in [true, false] {
                let tick = if is_buy { self.mid - distance } else { self.mid + distance };
                let qty = self.qty();
                self.depth(is_buy, tick, qty, 0, event_kind::DEPTH, &mut events);
            }
        }
        events
    }

    /// One update of the venue: the events it leads to, none when it was outdated.
    pub fn next(&mut self, mix: Mix) -> Vec<Event> {
        let mut events = Vec::new();
        self.step += 1;
        let is_buy = self.random.chance(50);
        let share = self.random.below(100);
        if share < mix.trades {
            let tick = self.mid + if is_buy { 1 } else { -1 };
            let qty = self.qty();
            events.push(self.event(event_kind::TRADE, is_buy, tick, qty));
            return events;
        }
        if share < mix.trades + mix.bbo {
            let top = if is_buy { self.book.best_bid() } else { self.book.best_ask() };
            let tick = top.unwrap_or(if is_buy { self.mid - 1 } else { self.mid + 1 });
            let qty = self.qty();
            self.depth(is_buy, tick, qty, 0, event_kind::BBO, &mut events);
            return events;
        }
        if self.random.chance(10) {
            self.mid += if self.random.chance(50) { 1 } else { -1 };
        }
        let away = 1 + self.random.below(LEVELS_PER_SIDE as u64) as i64;
        // One update in fifty reaches beyond the mid and may cross: that is what makes the filter delete.
        let away = if self.random.chance(2) { -2 } else { away };
        let tick = if is_buy { self.mid - away } else { self.mid + away };
        let qty = if self.random.chance(30) { 0.0 } else { self.qty() };
        let lag = if self.random.chance(3) { OUTDATED_STEPS } else { 0 };
        self.depth(is_buy, tick, qty, lag, event_kind::DEPTH, &mut events);
        events
    }

    /// The whole book as the addressed snapshot of a registration.
    pub fn snapshot(&self) -> Vec<Event> {
        let bids = self.book.bids.iter().rev().map(|(tick, level)| (true, *tick, level.qty));
        let asks = self.book.asks.iter().map(|(tick, level)| (false, *tick, level.qty));
        bids.chain(asks)
            .map(|(is_buy, tick, qty)| Event {
                local_ts: 0,
                ..self.event(event_kind::DEPTH_SNAPSHOT, is_buy, tick, qty)
            })
            .collect()
    }

    pub fn event(&self, kind: u8, is_buy: bool, tick: i64, qty: f64) -> Event {
        let side = if is_buy { event_flag::BUY } else { event_flag::SELL };
        let now = now_ns();
        Event {
            ev: u64::from(kind) | side | event_flag::LOCAL | event_flag::EXCH,
            exch_ts: now - now % MILLISECOND_NS,
            local_ts: now,
            px: tick as f64 * self.tick_size,
            qty,
            order_id: 0,
            ival: 0,
            fval: 0.0,
        }
    }

    fn qty(&mut self) -> f64 {
        (1 + self.random.below(5_000)) as f64 * self.lot_size
    }

    fn depth(&mut self, is_buy: bool, tick: i64, qty: f64, lag: i64, kind: u8, events: &mut Vec<Event>) {
        for Change { is_buy, tick, qty, synthetic } in self.book.fuse(is_buy, tick, qty, self.step - lag) {
            let mut event = self.event(if synthetic { event_kind::DEPTH } else { kind }, is_buy, tick, qty);
            if synthetic {
                event.ev &= !(event_flag::LOCAL | event_flag::EXCH);
            }
            events.push(event);
        }
    }
}
