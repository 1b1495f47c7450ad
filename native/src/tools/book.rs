//! A reference book in ticks, and the filter a connector puts in front of its broadcasts.
//!
//! A connector merges several depth streams of different speed: an update that is older than its level, or older than
//! the top it would move, is dropped; one that crosses the other side deletes what it crossed there, and those deletes
//! are announced as events that carry a side and a kind but neither `LOCAL` nor `EXCH`.

use std::collections::BTreeMap;

use serde_json::{json, Value};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    pub qty: f64,
    pub time: i64,
}

/// One change that goes out. `synthetic`: deleted because the other side crossed it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    pub is_buy: bool,
    pub tick: i64,
    pub qty: f64,
    pub synthetic: bool,
}

#[derive(Debug, Default)]
pub struct Book {
    pub bids: BTreeMap<i64, Level>,
    pub asks: BTreeMap<i64, Level>,
    bid_top_time: i64,
    ask_top_time: i64,
}

impl Book {
    pub fn best_bid(&self) -> Option<i64> {
        self.bids.last_key_value().map(|(tick, _)| *tick)
    }

    pub fn best_ask(&self) -> Option<i64> {
        self.asks.first_key_value().map(|(tick, _)| *tick)
    }

    pub fn is_empty(&self) -> bool {
        self.bids.is_empty() && self.asks.is_empty()
    }

    pub fn clear(&mut self) {
        self.bids.clear();
        self.asks.clear();
    }

    /// What a bot does: believe it. Quantity 0 deletes.
    pub fn set(&mut self, is_buy: bool, tick: i64, qty: f64) {
        let side = if is_buy { &mut self.bids } else { &mut self.asks };
        if qty == 0.0 {
            side.remove(&tick);
        } else {
            side.insert(tick, Level { qty, time: 0 });
        }
    }

    /// What a connector does: the changes to send for one update of its venue, none when it is outdated.
    pub fn fuse(&mut self, is_buy: bool, tick: i64, qty: f64, time: i64) -> Vec<Change> {
        // At or beyond a top, seen from this side; beyond the opposite top it crosses.
        let reaches = |top: Option<i64>| top.is_some_and(|top| if is_buy { tick >= top } else { tick <= top });
        let (own_top, own_time, far_top, far_time) = if is_buy {
            (self.best_bid(), self.bid_top_time, self.best_ask(), self.ask_top_time)
        } else {
            (self.best_ask(), self.ask_top_time, self.best_bid(), self.bid_top_time)
        };
        if (reaches(own_top) && time < own_time) || (reaches(far_top) && time < far_time) {
            return Vec::new();
        }
        let (side, opposite) = if is_buy { (&mut self.bids, &mut self.asks) } else { (&mut self.asks, &mut self.bids) };
        let mut changes = Vec::new();
        match side.get(&tick) {
            Some(level) if time < level.time => {}
            None if qty == 0.0 => {}
            _ => changes.push(Change { is_buy, tick, qty, synthetic: false }),
        }
        if changes.is_empty() {
            return changes;
        }
        let moves_top = own_top.is_none() || reaches(own_top);
        if qty == 0.0 {
            side.remove(&tick);
        } else {
            side.insert(tick, Level { qty, time });
        }
        if moves_top {
            if is_buy {
                self.bid_top_time = time;
            } else {
                self.ask_top_time = time;
            }
        }
        if qty > 0.0 && reaches(far_top) {
            let crossed: Vec<i64> = if is_buy {
                opposite.range(..=tick).map(|(at, _)| *at).collect()
            } else {
                opposite.range(tick..).map(|(at, _)| *at).collect()
            };
            for at in crossed {
                opposite.remove(&at);
                changes.push(Change { is_buy: !is_buy, tick: at, qty: 0.0, synthetic: true });
            }
            if is_buy {
                self.ask_top_time = time;
            } else {
                self.bid_top_time = time;
            }
        }
        changes
    }

    /// Levels from the top, as `[tick, qty]`.
    pub fn levels(&self) -> (Value, Value) {
        let bids: Vec<Value> = self.bids.iter().rev().map(|(tick, level)| json!([tick, level.qty])).collect();
        let asks: Vec<Value> = self.asks.iter().map(|(tick, level)| json!([tick, level.qty])).collect();
        (json!(bids), json!(asks))
    }

    /// FNV-1a over every tick and the bits of its quantity, bids from the top, then asks: two books with the same
    /// hash are the same book.
    pub fn hash(&self) -> String {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: [u8; 8]| {
            for byte in bytes {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        };
        for (tick, level) in self.bids.iter().rev().chain(self.asks.iter()) {
            add(tick.to_le_bytes());
            add(level.qty.to_bits().to_le_bytes());
        }
        format!("{hash:016x}")
    }
}
