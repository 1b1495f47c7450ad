//! One bot's connection to a connector, driven by a pump or polled. Hot calls pass a buffer in and a number out.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::Instant;

use napi::bindgen_prelude::*;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::Env;
use napi_derive::napi;

use super::calls;
use super::codec::{to_u64, NativeLiveError};
use super::guard::{caught, invalid, Guarded, Result};
use super::iox::NativeNodeOptions;
use crate::codec::packed::read_packed_order;
use crate::codec::record::RECORD_BYTES;
use crate::codec::types::LiveRequest;
use crate::iox::{Code, IoxError};
use crate::link::{epoch_ns, Link, LinkEvent, LinkSettings, OverflowReason, Shared};
use crate::pump::{perform, Doorbell, Pump, Request};

/// Set in the result of `drain` when events wait.
const HAS_EVENTS: u32 = 1 << 31;
/// Polled: calls between two looks at the clock. An empty call costs less than reading it.
const CALLS_PER_TICK: u32 = 64;

/// Polled: looks before a call says that nothing came. One takes some ten nanoseconds, the call around it four times
/// that, and who waits for an answer calls again at once.
const LOOKS_PER_CALL: u32 = 8;

#[napi(object)]
pub struct NativeConnectionOptions {
    pub connector: String,
    pub bot_id: BigInt,
    /// `pump` or `poll`.
    pub mode: String,
    pub ring_records: u32,
    pub keep_alive: bool,
    pub node: Option<NativeNodeOptions>,
}

#[napi(object)]
pub struct NativeEvent {
    /// `peerChanged`, `peerLost`, `overflow`, `decodeError` or `failed`.
    pub kind: String,
    pub tag: Option<BigInt>,
    pub previous: Option<BigInt>,
    pub reason: Option<String>,
    pub dropped: Option<BigInt>,
    pub message: Option<String>,
    pub total: Option<f64>,
    pub code: Option<String>,
}

impl NativeEvent {
    fn bare(kind: &str) -> Self {
        Self {
            kind: kind.into(),
            tag: None,
            previous: None,
            reason: None,
            dropped: None,
            message: None,
            total: None,
            code: None,
        }
    }

    fn of(event: LinkEvent) -> Self {
        match event {
            LinkEvent::PeerChanged { tag, previous } => {
                Self { tag: Some(tag.into()), previous: Some(previous.into()), ..Self::bare("peerChanged") }
            }
            LinkEvent::PeerLost { tag } => Self { tag: Some(tag.into()), ..Self::bare("peerLost") },
            LinkEvent::Overflow { reason, dropped } => {
                let reason = match reason {
                    OverflowReason::Buffer => "buffer",
                    OverflowReason::Batch => "batch",
                    OverflowReason::Ring => "ring",
                };
                Self { reason: Some(reason.into()), dropped: Some(dropped.into()), ..Self::bare("overflow") }
            }
            LinkEvent::DecodeError { message, total } => {
                Self { message: Some(message), total: Some(total as f64), ..Self::bare("decodeError") }
            }
            LinkEvent::Failed(error) => {
                Self { message: Some(error.message), code: Some(error.code.as_str().into()), ..Self::bare("failed") }
            }
        }
    }
}

#[napi(object)]
pub struct NativeStats {
    pub received: f64,
    pub foreign: f64,
    pub decode_errors: f64,
    pub suspected_overflow: f64,
    pub batch_imbalance: f64,
    pub receive_failures: f64,
    pub ring_dropped: BigInt,
    pub last_record_age_ns: f64,
    pub publisher_tag: BigInt,
    pub publishers: f64,
}

enum Driver {
    Pump(Pump),
    Poll { link: Box<Link>, calls: u32 },
}

/// What the class and the bound functions (`calls`) share.
pub struct Connection {
    inner: Guarded<Driver>,
    shared: Arc<Shared>,
}

impl Connection {
    /// Fills `out` with records and returns their number, with the highest bit set when events wait.
    #[inline]
    pub fn drain(&self, out: &mut [u8], max: u32) -> Result<u32> {
        let room = (out.len() / RECORD_BYTES).min(max as usize);
        let count = self.inner.with(|driver| match driver {
            Driver::Pump(pump) => Ok(pump.pop_into(out, room)),
            Driver::Poll { link, calls } => {
                *calls = calls.wrapping_add(1);
                if calls.is_multiple_of(CALLS_PER_TICK) {
                    link.tick(Instant::now());
                }
                let mut written = 0;
                for _ in 0..LOOKS_PER_CALL {
                    let mut rooms = out.chunks_exact_mut(RECORD_BYTES);
                    let taken = link.drain(room, |record| {
                        if let Some(room) = rooms.next() {
                            room.copy_from_slice(record);
                            written += 1;
                        }
                    })?;
                    // Also when all of it was for others: what one call may take is bounded.
                    if taken > 0 {
                        break;
                    }
                    std::hint::spin_loop();
                }
                Ok(written)
            }
        })?;
        let events = if self.shared.has_events.load(Ordering::SeqCst) { HAS_EVENTS } else { 0 };
        Ok(count as u32 | events)
    }

    /// Sends a packed order with the time of this moment; returns how many connectors received it: 1, or 0 while none listens.
    pub fn send_packed(&self, request: &[u8]) -> Result<u32> {
        let receivers = self.inner.with(|driver| {
            let (symbol, mut order) = read_packed_order(request)
                .map_err(|error| IoxError::new(Code::InvalidArgument, format!("a packed order: {error}")))?;
            // The clock that also stamps what is received.
            order.local_timestamp = epoch_ns();
            match driver {
                Driver::Pump(pump) => pump.request(Request::Order { symbol: symbol.to_owned(), order }),
                Driver::Poll { link, .. } => link.send(&LiveRequest::Order { symbol, order }),
            }
        })?;
        Ok(receivers as u32)
    }

    fn perform(&self, request: &Request) -> Result<u32> {
        let receivers = self.inner.with(|driver| match driver {
            Driver::Pump(pump) => pump.request(request.clone()),
            Driver::Poll { link, .. } => perform(link, request),
        })?;
        Ok(receivers as u32)
    }
}

#[napi]
pub struct NativeConnection {
    connection: Rc<Connection>,
}

#[napi]
impl NativeConnection {
    /// `doorbell` is called without arguments when records or events wait and the reader sleeps; pump only.
    #[napi(factory)]
    pub fn open(env: Env, options: NativeConnectionOptions, doorbell: Function<'_, (), ()>) -> Result<Self> {
        let settings = LinkSettings {
            connector: options.connector,
            bot_id: to_u64("botId", &options.bot_id)?,
            node: options.node.unwrap_or_default().settings()?,
        };
        if settings.bot_id == 0 {
            return Err(invalid("botId 0 addresses every bot"));
        }
        let shared = Arc::new(Shared::default());
        let driver = match options.mode.as_str() {
            "pump" => {
                let capacity = options.ring_records as usize;
                if !capacity.is_power_of_two() {
                    return Err(invalid("ringRecords must be a power of two"));
                }
                let doorbell = ring_of(doorbell, options.keep_alive)
                    .map_err(|error| invalid(format!("no doorbell: {}", error.reason)))?;
                Driver::Pump(caught(|| Pump::start(settings, capacity, shared.clone(), doorbell))?)
            }
            "poll" => {
                let link = caught(|| Link::open(&settings, shared.clone()))?;
                Driver::Poll { link: Box::new(link), calls: 0 }
            }
            other => return Err(invalid(format!("mode {other:?} is neither pump nor poll"))),
        };
        let inner = Guarded::new(&env, "connection", driver)?;
        Ok(Self { connection: Rc::new(Connection { inner, shared }) })
    }

    /// The functions a bot calls per message: `drain(max)` fills `records`, `send()` sends the order packed in
    /// `request`. Both buffers are `Uint8Array`s over `SharedArrayBuffer`s.
    #[napi]
    pub fn bind<'env>(&self, env: &'env Env, records: Unknown<'env>, request: Unknown<'env>) -> Result<Object<'env>> {
        let calls = calls::bind(env, self.connection.clone(), records.raw(), request.raw())?;
        Ok(Object::from_raw(env.raw(), calls))
    }

    /// The clock's work of a polled connection, for when nobody drains.
    #[napi]
    pub fn tick(&self) -> Result<()> {
        self.connection.inner.with(|driver| {
            if let Driver::Poll { link, .. } = driver {
                link.tick(Instant::now());
            }
            Ok(())
        })
    }

    /// Lets the next record or event ring, though records wait.
    #[napi]
    pub fn arm(&self) -> Result<()> {
        self.connection.inner.with(|driver| {
            if let Driver::Pump(pump) = driver {
                pump.arm();
            }
            Ok(())
        })
    }

    /// Also after close: what ended the connection is among them.
    #[napi]
    pub fn take_events(&self) -> Vec<NativeEvent> {
        self.connection.shared.take_events().into_iter().map(NativeEvent::of).collect()
    }

    #[napi]
    pub fn symbols(&self) -> Vec<String> {
        self.connection.shared.tables.symbols()
    }

    #[napi]
    pub fn take_error(&self, slot: u32) -> Option<NativeLiveError> {
        let slot = u16::try_from(slot).ok()?;
        self.connection.shared.tables.take_error(slot).as_ref().map(NativeLiveError::of)
    }

    #[napi]
    pub fn register(&self, symbol: String, tick_size: f64, lot_size: f64) -> Result<u32> {
        self.connection.perform(&Request::Register { symbol, tick_size, lot_size })
    }

    #[napi]
    pub fn stats(&self) -> NativeStats {
        let counters = &self.connection.shared.counters;
        let number = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed) as f64;
        let last = counters.last_recv_ns.load(Ordering::Relaxed);
        let now = epoch_ns();
        NativeStats {
            received: number(&counters.received),
            foreign: number(&counters.foreign),
            decode_errors: number(&counters.decode_errors),
            suspected_overflow: number(&counters.suspected_overflow),
            batch_imbalance: number(&counters.batch_imbalance),
            receive_failures: number(&counters.receive_failures),
            ring_dropped: counters.ring_dropped.load(Ordering::Relaxed).into(),
            last_record_age_ns: if last == 0 { -1.0 } else { (now - last).max(0) as f64 },
            publisher_tag: counters.publisher_tag.load(Ordering::Relaxed).into(),
            publishers: number(&counters.publishers),
        }
    }

    #[napi]
    pub fn close(&self) -> Result<bool> {
        self.connection.inner.close()
    }
}

fn ring_of(doorbell: Function<'_, (), ()>, keep_alive: bool) -> napi::Result<Doorbell> {
    // One call is waiting at most, so the queue needs no bound.
    if keep_alive {
        let ring = doorbell.build_threadsafe_function::<()>().callee_handled::<false>().build()?;
        return Ok(Box::new(move || _ = ring.call((), ThreadsafeFunctionCallMode::NonBlocking)));
    }
    let ring = doorbell.build_threadsafe_function::<()>().callee_handled::<false>().weak::<true>().build()?;
    Ok(Box::new(move || _ = ring.call((), ThreadsafeFunctionCallMode::NonBlocking)))
}
