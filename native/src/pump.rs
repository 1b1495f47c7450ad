//! The pump: a thread that owns a [`Link`], empties it into a ring and rings one doorbell when the reader sleeps.
//!
//! A garbage collection or a slow handler in JavaScript stalls the reader, not this thread, so the service's own
//! buffer, which overwrites silently, stays empty. What the ring cannot take is counted exactly.
//!
//! The doorbell is coalesced: the reader arms it when it has found the ring empty and looks once more after that;
//! the pump rings only when it finds it armed, and disarms it by that. Both sides use sequentially consistent
//! operations on flag and counter, so that a record is either seen by that last look or rings.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{mpsc, Arc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::codec::types::LiveRequest;
use crate::codec::types::Order;
use crate::iox::{Code, IoxError};
use crate::link::{Link, LinkEvent, LinkSettings, OverflowReason, Shared};
use crate::ring::{ring, RingReader, RingWriter};

/// Looks before the pump begins to sleep.
const SPIN: Duration = Duration::from_micros(50);
/// Sleeps between looks by how long nothing came: an active feed is seen within 50 us, a quiet night costs little.
const SLEEPS: [(Duration, Duration); 3] = [
    (Duration::from_millis(20), Duration::from_micros(50)),
    (Duration::from_secs(1), Duration::from_micros(200)),
    (Duration::MAX, Duration::from_micros(500)),
];
const DRAIN_MAX: usize = 1024;
/// Opening maps segments and may clean up after dead nodes.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
const JOIN_TIMEOUT: Duration = Duration::from_millis(100);
/// How long the caller waits for its request to be taken by the pump.
const COMMAND_TIMEOUT: Duration = Duration::from_millis(250);
const TICK_PERIOD: Duration = Duration::from_millis(10);

/// Wakes the reader. Called on the pump's thread.
pub type Doorbell = Box<dyn Fn() + Send>;

#[derive(Debug, Clone)]
pub enum Request {
    Register { symbol: String, tick_size: f64, lot_size: f64 },
    Order { symbol: String, order: Order },
}

const WAITING: u8 = 0;
const TAKEN: u8 = 1;
const CANCELLED: u8 = 2;

struct Command {
    request: Request,
    /// Whoever changes it from `WAITING` decides: a request the caller has given up is not sent later.
    state: Arc<AtomicU8>,
    reply: mpsc::SyncSender<Result<usize, IoxError>>,
}

struct Control {
    stop: AtomicBool,
    armed: AtomicBool,
    has_failed: AtomicBool,
}

pub struct Pump {
    shared: Arc<Shared>,
    control: Arc<Control>,
    reader: RingReader,
    commands: mpsc::Sender<Command>,
    ended: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

pub fn perform(link: &mut Link, request: &Request) -> Result<usize, IoxError> {
    match request {
        Request::Register { symbol, tick_size, lot_size } => link.register(symbol, *tick_size, *lot_size).map(|()| 1),
        Request::Order { symbol, order } => link.send(&LiveRequest::Order { symbol, order: *order }),
    }
}

impl Pump {
    /// Opens the link on a new thread and waits for the outcome.
    pub fn start(
        settings: LinkSettings,
        ring_records: usize,
        shared: Arc<Shared>,
        doorbell: Doorbell,
    ) -> Result<Self, IoxError> {
        let (writer, reader) = ring(ring_records);
        let control = Arc::new(Control {
            stop: AtomicBool::new(false),
            armed: AtomicBool::new(true),
            has_failed: AtomicBool::new(false),
        });
        let (commands, inbox) = mpsc::channel();
        let (opened_tx, opened) = mpsc::sync_channel(1);
        let (ended_tx, ended) = mpsc::sync_channel(1);
        let (thread_control, thread_shared) = (control.clone(), shared.clone());
        let thread = thread::Builder::new()
            .name("feedbus-pump".into())
            .spawn(move || {
                let run = AssertUnwindSafe(|| {
                    let link = match Link::open(&settings, thread_shared.clone()) {
                        Ok(link) => link,
                        Err(error) => {
                            _ = opened_tx.send(Err(error));
                            return;
                        }
                    };
                    if opened_tx.send(Ok(())).is_err() {
                        return;
                    }
                    let mut pumping = Pumping {
                        link,
                        writer,
                        inbox,
                        control: &thread_control,
                        shared: &thread_shared,
                        doorbell: &doorbell,
                        announced: 0,
                    };
                    if let Err(error) = pumping.run() {
                        pumping.fail(error);
                    }
                });
                if catch_unwind(run).is_err() {
                    thread_control.has_failed.store(true, Ordering::SeqCst);
                    let error = IoxError::new(Code::Internal, "the pump's thread panicked");
                    thread_shared.announce(LinkEvent::Failed(error));
                    doorbell();
                }
                _ = ended_tx.send(());
            })
            .map_err(|error| IoxError::new(Code::NoMemory, format!("no thread for the pump: {error}")))?;
        match opened.recv_timeout(OPEN_TIMEOUT) {
            Ok(Ok(())) => Ok(Self { shared, control, reader, commands, ended, thread: Some(thread) }),
            Ok(Err(error)) => {
                _ = thread.join();
                Err(error)
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                control.stop.store(true, Ordering::SeqCst);
                Err(IoxError::new(Code::Busy, "opening took longer than 10 s"))
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(IoxError::new(Code::Internal, "the pump's thread panicked while opening"))
            }
        }
    }

    /// Moves waiting records into `out`. 0 arms the doorbell: the next record rings.
    pub fn pop_into(&mut self, out: &mut [u8], max: usize) -> usize {
        let count = self.reader.pop_into(out, max);
        if count > 0 || max == 0 {
            return count;
        }
        self.control.armed.store(true, Ordering::SeqCst);
        if self.reader.is_empty() {
            return 0;
        }
        // Something came in between. It may have rung already; then one ring finds an empty ring, no more.
        self.control.armed.store(false, Ordering::SeqCst);
        self.reader.pop_into(out, max)
    }

    /// Lets the next record or event ring, though records wait.
    pub fn arm(&self) {
        self.control.armed.store(true, Ordering::SeqCst);
    }

    /// Has the pump send `request`, and waits until it has.
    pub fn request(&self, request: Request) -> Result<usize, IoxError> {
        let gone = || IoxError::new(Code::Closed, "the connection has ended");
        let Some(thread) = &self.thread else { return Err(gone()) };
        let (reply, outcome) = mpsc::sync_channel(1);
        let state = Arc::new(AtomicU8::new(WAITING));
        self.commands.send(Command { request, state: state.clone(), reply }).map_err(|_| gone())?;
        thread.thread().unpark();
        match outcome.recv_timeout(COMMAND_TIMEOUT) {
            Ok(outcome) => outcome,
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(gone()),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                if state.compare_exchange(WAITING, CANCELLED, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                    return Err(IoxError::new(
                        Code::Busy,
                        "the pump did not take the request in time; it was not sent",
                    ));
                }
                // It is being sent this moment.
                outcome.recv().unwrap_or_else(|_| Err(gone()))
            }
        }
    }

    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub fn ring_dropped(&self) -> u64 {
        self.reader.refused()
    }

    pub fn has_failed(&self) -> bool {
        self.control.has_failed.load(Ordering::SeqCst)
    }

    /// Ends the thread; its ports are gone when this returns `true`. `false`: it did not end in time and is left to
    /// end by itself. Idempotent.
    pub fn close(&mut self) -> bool {
        let Some(thread) = self.thread.take() else { return true };
        self.control.stop.store(true, Ordering::SeqCst);
        thread.thread().unpark();
        match self.ended.recv_timeout(JOIN_TIMEOUT) {
            Err(mpsc::RecvTimeoutError::Timeout) => false,
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => thread.join().is_ok(),
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.close();
    }
}

struct Pumping<'a> {
    link: Link,
    writer: RingWriter,
    inbox: mpsc::Receiver<Command>,
    control: &'a Control,
    shared: &'a Shared,
    doorbell: &'a Doorbell,
    /// Refused records that were announced.
    announced: u64,
}

impl Pumping<'_> {
    fn run(&mut self) -> Result<(), IoxError> {
        let mut idle_since = Instant::now();
        let mut ticked = Instant::now();
        while !self.control.stop.load(Ordering::Relaxed) {
            self.serve();
            let taken = self.move_records()?;
            let now = Instant::now();
            if now.duration_since(ticked) >= TICK_PERIOD {
                ticked = now;
                self.link.tick(now);
                if self.shared.has_events.load(Ordering::SeqCst) {
                    self.ring_if_armed();
                }
            }
            if taken > 0 {
                idle_since = now;
                continue;
            }
            let idle = now.duration_since(idle_since);
            if idle < SPIN {
                std::hint::spin_loop();
                continue;
            }
            let (_, sleep) = SLEEPS.iter().find(|(until, _)| idle < *until).unwrap_or(&SLEEPS[2]);
            // A request or the end wakes it at once.
            thread::park_timeout(*sleep);
        }
        Ok(())
    }

    fn move_records(&mut self) -> Result<usize, IoxError> {
        let (writer, shared, announced) = (&mut self.writer, self.shared, &mut self.announced);
        let taken = self.link.drain(DRAIN_MAX, |record| {
            let refused = writer.refused();
            // Announced before the first record after the hole becomes visible.
            if refused != *announced && !writer.is_full() {
                let dropped = refused - *announced;
                *announced = refused;
                shared.announce(LinkEvent::Overflow { reason: OverflowReason::Ring, dropped });
            }
            writer.push(record);
        })?;
        if taken > 0 {
            self.shared.counters.ring_dropped.store(self.writer.refused(), Ordering::Relaxed);
            self.ring_if_armed();
        }
        Ok(taken)
    }

    fn ring_if_armed(&self) {
        if self.control.armed.swap(false, Ordering::SeqCst) {
            (self.doorbell)();
        }
    }

    fn serve(&mut self) {
        while let Ok(command) = self.inbox.try_recv() {
            if command.state.compare_exchange(WAITING, TAKEN, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                _ = command.reply.send(perform(&mut self.link, &command.request));
            }
        }
    }

    fn fail(&self, error: IoxError) {
        self.control.has_failed.store(true, Ordering::SeqCst);
        self.shared.announce(LinkEvent::Failed(error));
        (self.doorbell)();
    }
}
