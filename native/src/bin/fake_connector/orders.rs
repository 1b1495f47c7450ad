//! Orders and positions as a connector reports them: always to every bot, and only `req` decides what is done.

use std::collections::HashMap;

use feedbus_native::codec::types::{ErrorKind, LiveError, Order, Status, Value};

use crate::tools::now_ns;

/// What the venue behind the connector does with a new order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Acknowledge,
    /// Acknowledged, half of it filled.
    Partial,
    /// Acknowledged, then filled as maker.
    Fill,
    /// Refused by the venue: an error and an expired order.
    Reject,
    Silent,
}

impl Policy {
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ack" => Self::Acknowledge,
            "partial" => Self::Partial,
            "fill" => Self::Fill,
            "reject" => Self::Reject,
            "silent" => Self::Silent,
            _ => return None,
        })
    }
}

pub enum Reply {
    Order(Order),
    Position(f64),
    Error(LiveError),
}

pub struct Orders {
    pub policy: Policy,
    known: HashMap<(String, u64), Order>,
    positions: HashMap<String, f64>,
}

impl Orders {
    pub fn new() -> Self {
        Self { policy: Policy::Acknowledge, known: HashMap::new(), positions: HashMap::new() }
    }

    pub fn position(&self, symbol: &str) -> Option<f64> {
        self.positions.get(symbol).copied()
    }

    /// Active orders of a symbol by id, so that a snapshot is the same in every run.
    pub fn active(&self, symbol: &str) -> Vec<Order> {
        let mut active: Vec<Order> = self
            .known
            .iter()
            .filter(|((of, _), order)| of == symbol && matches!(order.status, Status::New | Status::PartiallyFilled))
            .map(|(_, order)| *order)
            .collect();
        active.sort_by_key(|order| order.order_id);
        active
    }

    pub fn request(&mut self, symbol: &str, order: Order) -> Vec<Reply> {
        match order.req {
            Status::New => self.submit(symbol, order),
            Status::Canceled => self.cancel(symbol, order),
            _ => Vec::new(),
        }
    }

    fn submit(&mut self, symbol: &str, order: Order) -> Vec<Reply> {
        let stamped = Order { req: Status::None, exch_timestamp: now_ns(), ..order };
        let key = (symbol.to_owned(), order.order_id);
        // An id may not come back, whichever bot used it first.
        if self.known.contains_key(&key) {
            return vec![Reply::Order(Order { status: Status::Expired, ..stamped })];
        }
        let acknowledged = Order { status: Status::New, ..stamped };
        let replies = match self.policy {
            Policy::Silent => return Vec::new(),
            Policy::Acknowledge => vec![Reply::Order(acknowledged)],
            Policy::Reject => vec![
                Reply::Error(error(-5022, "order would immediately match")),
                Reply::Order(Order { status: Status::Expired, ..stamped }),
            ],
            Policy::Partial | Policy::Fill => {
                let exec_qty = if self.policy == Policy::Fill { order.qty } else { order.qty / 2.0 };
                let status = if self.policy == Policy::Fill { Status::Filled } else { Status::PartiallyFilled };
                let signed = if order.side.tag() == 0 { exec_qty } else { -exec_qty };
                let position = self.positions.entry(symbol.to_owned()).or_insert(0.0);
                *position += signed;
                vec![
                    Reply::Order(acknowledged),
                    Reply::Order(Order {
                        status,
                        exec_qty,
                        leaves_qty: order.qty - exec_qty,
                        exec_price_tick: order.price_tick,
                        maker: true,
                        exch_timestamp: stamped.exch_timestamp + 1,
                        ..acknowledged
                    }),
                    Reply::Position(*position),
                ]
            }
        };
        if let Some(last) = replies.iter().rev().find_map(|reply| match reply {
            Reply::Order(order) => Some(*order),
            _ => None,
        }) {
            self.known.insert(key, last);
        }
        replies
    }

    fn cancel(&mut self, symbol: &str, order: Order) -> Vec<Reply> {
        let answer = Order { req: Status::None, exch_timestamp: now_ns(), ..order };
        match self.known.get_mut(&(symbol.to_owned(), order.order_id)) {
            Some(known) if matches!(known.status, Status::New | Status::PartiallyFilled) => {
                *known = Order {
                    status: Status::Canceled,
                    exch_timestamp: answer.exch_timestamp,
                    local_timestamp: order.local_timestamp,
                    ..*known
                };
                vec![Reply::Order(*known)]
            }
            // The venue's "unknown order sent", which comes back without a status.
            _ => vec![
                Reply::Error(error(-2011, "unknown order")),
                Reply::Order(Order { status: Status::None, ..answer }),
            ],
        }
    }
}

fn error(code: i64, message: &str) -> LiveError {
    let value = vec![("code".to_owned(), Value::Int(code)), ("msg".to_owned(), Value::String(message.to_owned()))];
    LiveError { kind: ErrorKind::OrderError, value: Value::Map(value) }
}
