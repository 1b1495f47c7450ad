//! The far end of a round trip: answers every order at once with one feed record that carries the order's id.
//!
//! ```text
//! echo NAME [--root PATH/] [--prefix P] [--buffer N] [--bots N] [--spin-ms N]
//! ```
//!
//! It spins for as long as requests keep coming and `--spin-ms` (2000) beyond, so that the answer costs what the
//! transport costs; then it naps, because an idle peer must not take a core from what is measured next. While it
//! spins in vain it offers its core: on a loaded machine the asking side may wait for just that one, and two spinning
//! processes on one core take a time slice per answer.
//!
//! Like every peer it ends with its stdin, so one started with stdin closed or `/dev/null` ends at once.

#[path = "../tools/mod.rs"]
mod tools;

use std::hint::spin_loop;
use std::sync::mpsc::TryRecvError;
use std::thread;
use std::time::{Duration, Instant};

use feedbus_native::codec::types::{event_flag, event_kind, Event, LiveEvent, LiveRequest};
use feedbus_native::codec::{decode_request, encode_event};
use serde_json::json;

use tools::args::Args;
use tools::lines::{commands, report};
use tools::now_ns;
use tools::ports::{ChannelSizes, Failure, Ports};

const USAGE: &str = "echo NAME [--root PATH/] [--prefix P] [--buffer N] [--bots N] [--spin-ms N]";
/// Looks at the clock and at stdin once per so many empty polls.
const POLLS_PER_LOOK: u32 = 4_096;

fn main() {
    let args = Args::read(USAGE);
    if let Err(failure) = run(&args) {
        report(&json!({ "event": "failed", "reason": failure.to_string() }));
        std::process::exit(1);
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let sizes = ChannelSizes::of(args);
    let ports = Ports::of_connector(args, sizes)?;
    let spin = Duration::from_millis(args.number("spin-ms", 2_000));
    report(&json!({ "event": "ready", "pid": std::process::id(), "bufferSize": sizes.buffer_size }));
    let script = commands();
    let mut last = Instant::now();
    let mut polls = 0_u32;
    let mut answered = 0_u64;
    loop {
        while let Some(sample) = ports.receiver.receive()? {
            let bot = sample.user_header().id;
            let bytes = sample.payload().get(..sample.user_header().len).unwrap_or(&[]);
            if let Ok(LiveRequest::Order { symbol, order }) = decode_request(bytes) {
                let event = answer(order.order_id, order.local_timestamp);
                ports.send(bot, |slice| encode_event(&LiveEvent::Feed { symbol, event }, slice))?;
                answered += 1;
            }
            polls = 0;
        }
        polls += 1;
        if polls < POLLS_PER_LOOK {
            spin_loop();
            continue;
        }
        polls = 0;
        let fresh = std::mem::take(&mut answered);
        if fresh > 0 {
            last = Instant::now();
        }
        match script.try_recv() {
            Ok(_) | Err(TryRecvError::Disconnected) => return Ok(()),
            Err(TryRecvError::Empty) if last.elapsed() > spin => {
                thread::sleep(Duration::from_micros(200));
                // One look, then the next nap: others may be measured on this core.
                polls = POLLS_PER_LOOK - 1;
            }
            Err(TryRecvError::Empty) => thread::yield_now(),
        }
    }
}

fn answer(order_id: u64, asked: i64) -> Event {
    Event {
        ev: u64::from(event_kind::DEPTH) | event_flag::BUY | event_flag::LOCAL | event_flag::EXCH,
        exch_ts: asked,
        local_ts: now_ns(),
        px: 64_000.5,
        qty: 0.25,
        order_id,
        ival: 0,
        fval: 0.0,
    }
}
