//! Lines of a script to typed commands; a line that says something unknown is an error, never ignored.

use feedbus_native::codec::types::{
    event_flag, ErrorKind, Event, LiveError, OrdType, Order, Side, Status, TimeInForce, Value,
};
use serde_json::Value as Json;

use crate::market::Mix;
use crate::orders::Policy;
use crate::tools::now_ns;

pub struct MarketScript {
    /// Feed records per second over all symbols.
    pub rate: f64,
    /// Feed records between two batch marks; 0 sends them bare.
    pub batch: usize,
    /// Stops by itself after so many feed records.
    pub count: u64,
    pub symbols: Option<Vec<String>>,
    pub mix: Mix,
}

pub enum Message {
    BatchStart,
    BatchEnd,
    Feed { symbol: String, event: Event },
    Order { symbol: String, order: Order },
    Position { symbol: String, qty: f64, exch_ts: i64 },
    Error(LiveError),
}

pub enum Command {
    Market(MarketScript),
    Stop,
    Send {
        to: u64,
        message: Message,
    },
    Raw {
        to: u64,
        bytes: Vec<u8>,
        len: usize,
    },
    Orders(Policy),
    /// Answers registrations only inside a broadcast batch, so that theirs lands in the middle of it.
    Nest(bool),
    /// SIGKILL to itself inside the batch that contains the n-th feed record from now.
    Die {
        after: u64,
    },
    Clear {
        symbol: String,
        is_buy: bool,
    },
    Book {
        symbol: String,
    },
    Stats,
    Exit,
}

pub fn parse(line: &Json) -> Result<Command, String> {
    let field = Fields(line);
    Ok(match field.text("cmd")?.as_str() {
        "market" => Command::Market(MarketScript {
            rate: field.number("rate", 1_000.0),
            batch: field.number("batch", 20.0) as usize,
            count: line["count"].as_u64().unwrap_or(u64::MAX),
            symbols: line["symbols"]
                .as_array()
                .map(|list| list.iter().filter_map(|each| each.as_str().map(str::to_owned)).collect()),
            mix: Mix { trades: field.number("trades", 20.0) as u64, bbo: field.number("bbo", 0.0) as u64 },
        }),
        "stop" => Command::Stop,
        "send" => Command::Send { to: field.id("to")?, message: message(&line["message"])? },
        "raw" => {
            let bytes = hex(&field.text("hex")?)?;
            let len = line["len"].as_u64().map_or(bytes.len(), |len| len as usize);
            Command::Raw { to: field.id("to")?, bytes, len }
        }
        "orders" => {
            let mode = field.text("mode")?;
            Command::Orders(Policy::parse(&mode).ok_or_else(|| format!("no order mode {mode}"))?)
        }
        "nest" => Command::Nest(line["on"].as_bool().unwrap_or(true)),
        "die" => Command::Die { after: line["after"].as_u64().unwrap_or(1) },
        "clear" => Command::Clear { symbol: field.text("symbol")?, is_buy: field.text("side")? == "buy" },
        "book" => Command::Book { symbol: field.text("symbol")? },
        "stats" => Command::Stats,
        "exit" => Command::Exit,
        other => return Err(format!("no command {other}")),
    })
}

struct Fields<'a>(&'a Json);

impl Fields<'_> {
    fn text(&self, key: &str) -> Result<String, String> {
        self.0[key].as_str().map(str::to_owned).ok_or_else(|| format!("{key} is missing in {}", self.0))
    }

    fn number(&self, key: &str, otherwise: f64) -> f64 {
        self.0[key].as_f64().unwrap_or(otherwise)
    }

    /// 64-bit numbers may be given as text.
    fn i64(&self, key: &str, otherwise: i64) -> Result<i64, String> {
        match &self.0[key] {
            Json::Null => Ok(otherwise),
            Json::String(text) => text.parse().map_err(|_| format!("{key}: {text} is no i64")),
            number => number.as_i64().ok_or_else(|| format!("{key}: {number} is no i64")),
        }
    }

    fn id(&self, key: &str) -> Result<u64, String> {
        match &self.0[key] {
            Json::Null => Ok(0),
            Json::String(text) => text.parse().map_err(|_| format!("{key}: {text} is no u64")),
            number => number.as_u64().ok_or_else(|| format!("{key}: {number} is no u64")),
        }
    }

    fn tag(&self, key: &str, otherwise: u8) -> u32 {
        self.0[key].as_u64().map_or(otherwise.into(), |tag| tag as u32)
    }
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(format!("{text} is no hexadecimal text"));
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| format!("{text} is no hexadecimal text")))
        .collect()
}

fn message(line: &Json) -> Result<Message, String> {
    let field = Fields(line);
    let symbol = || field.text("symbol");
    let tag = |key: &str, otherwise: u8| field.tag(key, otherwise);
    let bad = |error: feedbus_native::codec::types::CodecError| error.to_string();
    Ok(match field.text("type")?.as_str() {
        "batchStart" => Message::BatchStart,
        "batchEnd" => Message::BatchEnd,
        "feed" => Message::Feed {
            symbol: symbol()?,
            event: Event {
                ev: match field.id("ev")? {
                    0 => event_flag::LOCAL | event_flag::EXCH | event_flag::BUY | 1,
                    ev => ev,
                },
                exch_ts: field.i64("exchTs", now_ns())?,
                local_ts: field.i64("localTs", now_ns())?,
                px: field.number("px", 0.0),
                qty: field.number("qty", 0.0),
                order_id: field.id("orderId")?,
                ival: field.i64("ival", 0)?,
                fval: field.number("fval", 0.0),
            },
        },
        "order" => Message::Order {
            symbol: symbol()?,
            order: Order {
                qty: field.number("qty", 1.0),
                leaves_qty: field.number("leavesQty", 1.0),
                exec_qty: field.number("execQty", 0.0),
                exec_price_tick: field.i64("execPriceTick", 0)?,
                price_tick: field.i64("priceTick", 0)?,
                tick_size: field.number("tickSize", 0.1),
                exch_timestamp: field.i64("exchTimestamp", now_ns())?,
                local_timestamp: field.i64("localTimestamp", 0)?,
                order_id: field.id("orderId")?,
                maker: line["maker"].as_bool().unwrap_or(false),
                order_type: OrdType::from_tag(tag("orderType", 0)).map_err(bad)?,
                req: Status::from_tag(tag("req", 0)).map_err(bad)?,
                status: Status::from_tag(tag("status", 1)).map_err(bad)?,
                side: Side::from_tag(tag("side", 0)).map_err(bad)?,
                time_in_force: TimeInForce::from_tag(tag("timeInForce", 0)).map_err(bad)?,
            },
        },
        "position" => Message::Position {
            symbol: symbol()?,
            qty: field.number("qty", 0.0),
            exch_ts: field.i64("exchTs", now_ns())?,
        },
        "error" => Message::Error(LiveError {
            kind: match field.text("kind")?.as_str() {
                "ConnectionInterrupted" => ErrorKind::ConnectionInterrupted,
                "CriticalConnectionError" => ErrorKind::CriticalConnectionError,
                "OrderError" => ErrorKind::OrderError,
                "Custom" => ErrorKind::Custom(field.i64("code", 0)?),
                other => return Err(format!("no error kind {other}")),
            },
            value: value(&line["value"]),
        }),
        other => return Err(format!("no message {other}")),
    })
}

/// JSON has all kinds of an error value; a number with a fraction or an exponent is a float.
fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Empty,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::List(items.iter().map(value).collect()),
        Json::Object(pairs) => Value::Map(pairs.iter().map(|(key, item)| (key.clone(), value(item))).collect()),
    }
}
