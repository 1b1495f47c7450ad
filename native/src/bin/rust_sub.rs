//! A bot in plain Rust: what the same machine allows without JavaScript, and a second opinion on every message.
//!
//! ```text
//! rust_sub NAME [--mode watch|rtt|turns] [--symbols a,b] [--bot N] [--tick T] [--lot L] [--root PATH/] [--prefix P]
//!               [--books no] [--count N] [--warmup N] [--max-ms N] [--wait-ms N]
//! ```
//!
//! `watch` registers, keeps a book per symbol (not with `--books no`), counts, and answers `{"cmd":"stats"}`,
//! `{"cmd":"book","symbol":…}`, `{"cmd":"cpu"}`, `{"cmd":"order",…}` and `{"cmd":"exit"}` on stdin. `rtt` sends one
//! order at a time to the echo peer and reports the distribution of the round trips in nanoseconds, encoding and
//! decoding included. It takes `--max-ms` at most, a third of it to warm up, and makes do with the samples it has.
//! `turns` does the same in pieces: `{"cmd":"turn","warmup":N,"count":N}` asks for one, reported as `turn`.

#[path = "../tools/mod.rs"]
mod tools;

use std::collections::BTreeMap;
use std::hint::spin_loop;
use std::sync::mpsc::TryRecvError;
use std::thread;
use std::time::{Duration, Instant};

use feedbus_native::codec::types::{
    event_flag, event_kind, Event, LiveEvent, LiveRequest, OrdType, Order, Side, Status, TimeInForce, ADDRESS_EVERYONE,
};
use feedbus_native::codec::{decode_event, encode_request};
use iceoryx2::port::port_identifiers::UniquePublisherId;
use serde_json::{json, Value};

use tools::args::Args;
use tools::book::Book;
use tools::lines::{commands, order_json, report};
use tools::now_ns;
use tools::ports::{Failure, Ports};

const USAGE: &str = "rust_sub NAME [--mode watch|rtt|turns] [--symbols a,b] [--bot N] [--tick T] [--lot L] [--root PATH/] [--prefix P] [--books no] [--count N] [--warmup N] [--max-ms N] [--wait-ms N]";
/// No answer for so long means that the peer is gone, not slow.
const ANSWER_DEADLINE: Duration = Duration::from_secs(5);
/// Empty polls, some 100 us, after which the other side may need this core to answer at all.
const POLLS_PER_YIELD: u32 = 4_096;

fn main() {
    let args = Args::read(USAGE);
    let done = match args.text("mode").unwrap_or("watch") {
        "watch" => watch(&args),
        "rtt" => round_trips(&args),
        "turns" => turns(&args),
        other => Err(format!("no mode {other}").into()),
    };
    if let Err(failure) = done {
        report(&json!({ "event": "failed", "reason": failure.to_string() }));
        std::process::exit(1);
    }
}

/// Retries while the connector is not there yet.
fn open(args: &Args) -> Result<Ports, Failure> {
    let deadline = Instant::now() + Duration::from_millis(args.number("wait-ms", 10_000));
    loop {
        match Ports::of_bot(args) {
            Ok(ports) => return Ok(ports),
            Err(failure) if Instant::now() > deadline => return Err(failure),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

fn order(order_id: u64, price_tick: i64, req: Status) -> Order {
    Order {
        qty: 0.25,
        leaves_qty: 0.25,
        exec_qty: 0.0,
        exec_price_tick: 0,
        price_tick,
        tick_size: 0.1,
        exch_timestamp: 0,
        local_timestamp: now_ns(),
        order_id,
        maker: false,
        order_type: OrdType::Limit,
        req,
        status: Status::New,
        side: Side::Buy,
        time_in_force: TimeInForce::Gtx,
    }
}

fn round_trips(args: &Args) -> Result<(), Failure> {
    let ports = open(args)?;
    let bot: u64 = args.number("bot", now_ns() as u64 | 1);
    let (warmup, count): (usize, usize) = (args.number("warmup", 1_000), args.number("count", 10_000));
    let budget = Duration::from_millis(args.number("max-ms", 600_000));
    let mut taken: Vec<u64> = Vec::with_capacity(count);
    let started = Instant::now();
    let mut warm = 0;
    let mut index = 0;
    while taken.len() < count && started.elapsed() < budget {
        index += 1;
        let time = round_trip(&ports, bot, index)?;
        if warm < warmup && started.elapsed() < budget / 3 {
            warm += 1;
        } else {
            warm = warmup;
            taken.push(time);
        }
    }
    if taken.is_empty() {
        return Err(format!("no round trip in {budget:?} after {warmup} to warm up").into());
    }
    report_distribution("rtt", taken);
    Ok(())
}

fn turns(args: &Args) -> Result<(), Failure> {
    let ports = open(args)?;
    let bot: u64 = args.number("bot", now_ns() as u64 | 1);
    report(&json!({ "event": "ready", "pid": std::process::id() }));
    let mut index = 0;
    for command in commands() {
        let command = command?;
        let (warmup, count) = (command["warmup"].as_u64().unwrap_or(0), command["count"].as_u64().unwrap_or(1));
        let mut taken = Vec::with_capacity(count as usize);
        for sample in 0..warmup + count {
            index += 1;
            let time = round_trip(&ports, bot, index)?;
            if sample >= warmup {
                taken.push(time);
            }
        }
        report_distribution("turn", taken);
    }
    Ok(())
}

/// Sends one order and waits for its answer, in nanoseconds.
fn round_trip(ports: &Ports, bot: u64, id: u64) -> Result<u64, Failure> {
    let asked = Instant::now();
    let request = LiveRequest::Order { symbol: "btcusdt", order: order(id, 640_005, Status::New) };
    ports.send(bot, |slice| encode_request(&request, slice))?;
    await_answer(ports, id)?;
    Ok(asked.elapsed().as_nanos() as u64)
}

fn report_distribution(event: &str, mut taken: Vec<u64>) {
    taken.sort_unstable();
    let at = |share: f64| taken[((taken.len() as f64 * share) as usize).min(taken.len() - 1)];
    report(&json!({
        "event": event, "count": taken.len(), "p50Ns": at(0.5), "p99Ns": at(0.99), "p999Ns": at(0.999),
        "maxNs": taken.last(),
    }));
}

fn await_answer(ports: &Ports, id: u64) -> Result<(), Failure> {
    let asked = Instant::now();
    let mut spins = 0_u32;
    loop {
        while let Some(sample) = ports.receiver.receive()? {
            let bytes = sample.payload().get(..sample.user_header().len).unwrap_or(&[]);
            if let LiveEvent::Feed { event, .. } = decode_event(bytes)? {
                if event.order_id == id {
                    return Ok(());
                }
            }
        }
        spins = spins.wrapping_add(1);
        if spins.is_multiple_of(POLLS_PER_YIELD) {
            if asked.elapsed() > ANSWER_DEADLINE {
                return Err(format!("no answer to {id} in {ANSWER_DEADLINE:?}").into());
            }
            thread::yield_now();
        }
        spin_loop();
    }
}

/// Processor time of this process so far, in microseconds, as Node's `process.cpuUsage()` tells it.
fn cpu_json() -> Value {
    // SAFETY: the structure is plain numbers, and the call fills the one it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    // 32 bits wide on some systems.
    #[allow(clippy::unnecessary_cast)]
    let micros = |time: libc::timeval| time.tv_sec as i64 * 1_000_000 + time.tv_usec as i64;
    json!({ "event": "cpu", "user": micros(usage.ru_utime), "system": micros(usage.ru_stime) })
}

struct Watched {
    bot: u64,
    tick_size: f64,
    /// None are kept when only the transport is measured.
    keeps_books: bool,
    books: BTreeMap<String, Book>,
    counts: [u64; 6],
    by_kind: BTreeMap<u8, u64>,
    foreign: u64,
    bad: u64,
    /// Broadcast feed records that carry running numbers: the last one seen and how many were missing.
    last_number: i64,
    lost: u64,
    /// Open batches of everyone's and of ours, and whether ours has shown a snapshot record yet.
    depth: [i64; 2],
    rebuilding: bool,
    orders: Vec<Value>,
    errors: u64,
    publishers: u64,
    publisher: Option<UniquePublisherId>,
}

fn watch(args: &Args) -> Result<(), Failure> {
    let ports = open(args)?;
    let bot: u64 = args.number("bot", now_ns() as u64 | 1);
    let (tick_size, lot_size) = (args.number("tick", 0.1), args.number("lot", 0.001));
    let mut watched = Watched {
        bot,
        tick_size,
        keeps_books: args.text("books") != Some("no"),
        books: BTreeMap::new(),
        counts: [0; 6],
        by_kind: BTreeMap::new(),
        foreign: 0,
        bad: 0,
        last_number: 0,
        lost: 0,
        depth: [0; 2],
        rebuilding: false,
        orders: Vec::new(),
        errors: 0,
        publishers: 0,
        publisher: None,
    };
    let register = |symbol: &str| {
        let request = LiveRequest::RegisterInstrument { symbol, tick_size, lot_size };
        ports.send(bot, |slice| encode_request(&request, slice))
    };
    for symbol in args.text("symbols").unwrap_or("btcusdt").split(',') {
        register(symbol)?;
    }
    report(&json!({ "event": "ready", "pid": std::process::id(), "bot": bot.to_string() }));
    let script = commands();
    loop {
        let mut any = false;
        while let Some(sample) = ports.receiver.receive()? {
            any = true;
            if watched.publisher != Some(sample.origin()) {
                watched.publisher = Some(sample.origin());
                watched.publishers += 1;
            }
            watched.take(sample.user_header().id, sample.payload().get(..sample.user_header().len));
        }
        match script.try_recv() {
            Ok(Ok(command)) => match command["cmd"].as_str().unwrap_or_default() {
                "stats" => watched.report(),
                "cpu" => report(&cpu_json()),
                "book" => watched.report_book(command["symbol"].as_str().unwrap_or_default()),
                "register" => {
                    register(command["symbol"].as_str().unwrap_or_default())?;
                }
                "order" => {
                    let id = command["orderId"].as_u64().unwrap_or(1);
                    let req = if command["cancel"] == json!(true) { Status::Canceled } else { Status::New };
                    let symbol = command["symbol"].as_str().unwrap_or_default();
                    let tick = command["priceTick"].as_i64().unwrap_or(640_005);
                    let request = LiveRequest::Order { symbol, order: order(id, tick, req) };
                    ports.send(bot, |slice| encode_request(&request, slice))?;
                }
                "exit" => return Ok(()),
                other => report(&json!({ "event": "badCommand", "reason": format!("no command {other}") })),
            },
            Ok(Err(reason)) => report(&json!({ "event": "badCommand", "reason": reason })),
            Err(TryRecvError::Disconnected) => return Ok(()),
            Err(TryRecvError::Empty) if any => spin_loop(),
            Err(TryRecvError::Empty) => thread::sleep(Duration::from_micros(20)),
        }
    }
}

impl Watched {
    fn take(&mut self, to: u64, bytes: Option<&[u8]>) {
        if to != ADDRESS_EVERYONE && to != self.bot {
            self.foreign += 1;
            return;
        }
        let Some(Ok(event)) = bytes.map(decode_event) else {
            self.bad += 1;
            return;
        };
        let ours = usize::from(to == self.bot);
        match event {
            LiveEvent::BatchStart => {
                self.counts[0] += 1;
                self.depth[ours] += 1;
                self.rebuilding |= ours == 1;
            }
            LiveEvent::BatchEnd => {
                self.counts[1] += 1;
                self.depth[ours] -= 1;
            }
            LiveEvent::Feed { symbol, event } => {
                self.counts[2] += 1;
                self.feed(symbol, event, ours == 1);
            }
            LiveEvent::Order { order, .. } => {
                self.counts[3] += 1;
                self.orders.push(order_json(&order));
            }
            LiveEvent::Position { .. } => self.counts[4] += 1,
            LiveEvent::Error(_) => {
                self.counts[5] += 1;
                self.errors += 1;
            }
        }
    }

    fn feed(&mut self, symbol: &str, event: Event, ours: bool) {
        let kind = event.ev as u8;
        *self.by_kind.entry(kind).or_default() += 1;
        if event.ival > 0 && !ours {
            if self.last_number > 0 && event.ival > self.last_number {
                self.lost += (event.ival - self.last_number - 1) as u64;
            }
            self.last_number = event.ival;
        }
        if !self.keeps_books {
            return;
        }
        let book = self.books.entry(symbol.to_owned()).or_default();
        let tick = (event.px / self.tick_size).round() as i64;
        let is_buy = event.ev & event_flag::BUY != 0;
        match kind {
            event_kind::DEPTH | event_kind::BBO => book.set(is_buy, tick, event.qty),
            event_kind::DEPTH_SNAPSHOT => {
                // A snapshot does not say "clear": its first record does.
                if std::mem::take(&mut self.rebuilding) {
                    book.clear();
                }
                book.set(is_buy, tick, event.qty);
            }
            event_kind::DEPTH_CLEAR if is_buy => book.bids.clear(),
            event_kind::DEPTH_CLEAR => book.asks.clear(),
            _ => {}
        }
    }

    fn report(&self) {
        let by_kind: BTreeMap<String, u64> = self.by_kind.iter().map(|(kind, n)| (kind.to_string(), *n)).collect();
        report(&json!({
            "event": "stats", "batchStart": self.counts[0], "batchEnd": self.counts[1], "feed": self.counts[2],
            "order": self.counts[3], "position": self.counts[4], "error": self.counts[5], "byKind": by_kind,
            "foreign": self.foreign, "bad": self.bad, "lost": self.lost, "lastNumber": self.last_number,
            "depth": self.depth, "publishers": self.publishers, "orders": self.orders,
        }));
    }

    fn report_book(&self, symbol: &str) {
        match self.books.get(symbol) {
            None => report(&json!({ "event": "book", "symbol": symbol, "known": false })),
            Some(book) => {
                let (bids, asks) = book.levels();
                report(&json!({
                    "event": "book", "symbol": symbol, "known": true, "hash": book.hash(), "bids": bids, "asks": asks,
                }));
            }
        }
    }
}
