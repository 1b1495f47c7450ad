//! One bot's side of a connector: node, the two services, ports, decoding, registrations and the watch over the other
//! side. Both drivers, the pump's thread and the polling JavaScript thread, own one of these; everything in it stays
//! on the thread that opened it, except the counters, events and side tables, which are shared.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::codec::encode_request;
use crate::codec::record::{kind, offset, Arrival, Outcome, Record, RecordWriter, SideTables, RECORD_BYTES};
use crate::codec::types::{LiveRequest, ADDRESS_EVERYONE, MESSAGE_BYTES_MAX};
use crate::iox::node::{list_nodes, Liveness};
use crate::iox::{
    Code, IoxError, IoxNode, IoxPublisher, IoxService, IoxSubscriber, NodeSettings, OpenMode, ServiceSpec, TypeSpec,
};

/// The user header of both services: `{ id: u64, len: usize }`. Services compare types by this name.
pub const HEADER_TYPE_NAME: &str = "hftbacktest::live::ipc::iceoryx::CustomHeader";
pub const HEADER_BYTES: usize = 16;

const WATCH_PERIOD: Duration = Duration::from_secs(1);
/// Between two tries of a registration nobody has received yet.
const REGISTER_PERIOD: Duration = Duration::from_millis(50);
/// A batch takes microseconds to write. One open for this long has lost its end.
const BATCH_OPEN_MAX: Duration = Duration::from_secs(5);
/// Broadcast batches of several sockets may overlap, but not this often.
const BATCH_DEPTH_MAX: u32 = 64;
/// Receiving fails for a moment while the other side dies or starts; longer is a failure.
const RECEIVE_FAILURE_MAX: Duration = Duration::from_secs(5);
/// A drain looks at this many samples per record asked for: what is meant for others must not keep it busy for long.
const SAMPLES_PER_RECORD_MAX: usize = 4;
const EVENTS_MAX: usize = 1024;
/// Former publishers whose late samples must not look like yet another restart.
const FORMER_MAX: usize = 16;

pub fn header_type() -> TypeSpec {
    TypeSpec { name: HEADER_TYPE_NAME.into(), size: HEADER_BYTES, align: 8, is_slice: false }
}

/// Specification of one of a connector's services, without limits of our own: any connector's configuration fits.
pub fn connector_service(connector: &str, direction: &str, mode: OpenMode) -> ServiceSpec {
    ServiceSpec { user_header: header_type(), ..ServiceSpec::new(format!("{connector}/{direction}"), mode) }
}

#[derive(Debug, Clone)]
pub struct LinkSettings {
    pub connector: String,
    pub bot_id: u64,
    pub node: NodeSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverflowReason {
    /// At least a buffer's worth of samples came without the queue running empty.
    Buffer,
    /// Batch marks did not balance.
    Batch,
    /// The ring to JavaScript was full.
    Ring,
}

#[derive(Debug, Clone, PartialEq)]
pub enum LinkEvent {
    PeerChanged {
        tag: u64,
        previous: u64,
    },
    PeerLost {
        tag: u64,
    },
    Overflow {
        reason: OverflowReason,
        dropped: u64,
    },
    DecodeError {
        message: String,
        total: u64,
    },
    /// The driver has ended by itself.
    Failed(IoxError),
}

#[derive(Debug, Default)]
pub struct Counters {
    pub received: AtomicU64,
    pub foreign: AtomicU64,
    pub decode_errors: AtomicU64,
    pub suspected_overflow: AtomicU64,
    pub batch_imbalance: AtomicU64,
    pub receive_failures: AtomicU64,
    pub ring_dropped: AtomicU64,
    /// Nanoseconds since the epoch; 0 before the first.
    pub last_recv_ns: AtomicI64,
    pub publisher_tag: AtomicU64,
    pub publishers: AtomicU64,
}

/// What a driver shares with the thread that reads.
#[derive(Default)]
pub struct Shared {
    pub counters: Counters,
    pub tables: Arc<SideTables>,
    events: Mutex<Vec<LinkEvent>>,
    pub has_events: std::sync::atomic::AtomicBool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Vec<LinkEvent>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event. Overflows and decode errors nobody has taken yet are merged, so a flood of them stays small.
    pub fn announce(&self, event: LinkEvent) {
        let mut events = self.lock();
        let merged = events.iter_mut().any(|waiting| match (waiting, &event) {
            (
                LinkEvent::Overflow { reason, dropped },
                LinkEvent::Overflow { reason: new_reason, dropped: new_dropped },
            ) if reason == new_reason => {
                *dropped += new_dropped;
                true
            }
            (LinkEvent::DecodeError { message, total }, LinkEvent::DecodeError { message: m, total: t }) => {
                message.clone_from(m);
                *total = *t;
                true
            }
            _ => false,
        });
        if !merged && events.len() < EVENTS_MAX {
            events.push(event);
        }
        self.has_events.store(true, std::sync::atomic::Ordering::SeqCst);
    }

    pub fn take_events(&self) -> Vec<LinkEvent> {
        let mut events = self.lock();
        self.has_events.store(false, std::sync::atomic::Ordering::SeqCst);
        std::mem::take(&mut *events)
    }
}

struct Registration {
    symbol: String,
    tick_size: f64,
    lot_size: f64,
    is_pending: bool,
}

pub struct Link {
    bot_id: u64,
    shared: Arc<Shared>,
    writer: RecordWriter,
    registrations: Vec<Registration>,
    received: u64,
    /// Samples since the queue was last seen empty.
    burst: usize,
    buffer_size: usize,
    /// Open batches: for everyone, for this bot.
    depth: [u32; 2],
    depth_changed: Instant,
    publisher: u128,
    tag: u64,
    former: Vec<u64>,
    is_lost: bool,
    watched: Instant,
    tried_registering: Instant,
    failing_since: Option<Instant>,
    // Dropped in this order: ports before services before the node.
    subscriber: IoxSubscriber,
    publisher_port: IoxPublisher,
    to_bot: IoxService,
    from_bot: IoxService,
    _node: IoxNode,
}

/// Folds a publisher's id; never 0, which means "none yet".
pub fn fold_publisher_id(id: u128) -> u64 {
    match (id as u64) ^ ((id >> 64) as u64) {
        0 => 1,
        tag => tag,
    }
}

fn epoch_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64)
}

impl Link {
    pub fn open(settings: &LinkSettings, shared: Arc<Shared>) -> Result<Self, IoxError> {
        let node = IoxNode::create(&settings.node)?;
        let to_bot = node.service(&connector_service(&settings.connector, "ToBot", OpenMode::Open))?;
        let from_bot = node.service(&connector_service(&settings.connector, "FromBot", OpenMode::Open))?;
        let subscriber = to_bot.subscriber(None)?;
        let publisher_port = from_bot.publisher(MESSAGE_BYTES_MAX, None)?;
        let now = Instant::now();
        let mut link = Self {
            bot_id: settings.bot_id,
            writer: RecordWriter::new(settings.bot_id, shared.tables.clone()),
            shared,
            registrations: Vec::new(),
            received: 0,
            burst: 0,
            buffer_size: subscriber.buffer_size(),
            depth: [0; 2],
            depth_changed: now,
            publisher: 0,
            tag: 0,
            former: Vec::new(),
            is_lost: false,
            watched: now,
            tried_registering: now,
            failing_since: None,
            subscriber,
            publisher_port,
            to_bot,
            from_bot,
            _node: node,
        };
        if let Some(id) = link.living_publisher() {
            link.adopt(id);
        }
        Ok(link)
    }

    pub fn buffer_size(&self) -> usize {
        self.buffer_size
    }

    /// Hands up to `max` records to `deliver`, fewer only when nothing waits any more (or when most of what came was
    /// meant for other bots). The result counts the samples taken, among them those that became no record. An error
    /// means that receiving has failed for seconds.
    pub fn drain(&mut self, max: usize, mut deliver: impl FnMut(&Record)) -> Result<usize, IoxError> {
        let mut record: Record = [0; RECORD_BYTES];
        let mut delivered = 0;
        let samples_max = max.saturating_mul(SAMPLES_PER_RECORD_MAX);
        for count in 0..samples_max {
            if delivered == max {
                return Ok(count);
            }
            let (writer, received) = (&mut self.writer, self.received + 1);
            let (publisher, known_tag) = (self.publisher, self.tag);
            let taken = self.subscriber.receive(|sample| {
                let recv_ts = epoch_ns();
                let tag = if sample.publisher == publisher { known_tag } else { fold_publisher_id(sample.publisher) };
                let (address, length) = read_header(sample.header);
                let arrival = Arrival { address, length, recv_ts, recv_seq: received, publisher_tag: tag };
                let outcome = writer.write(arrival, sample.payload, &mut record);
                (sample.publisher, recv_ts, address, outcome)
            });
            let (id, recv_ts, address, outcome) = match taken {
                Ok(Some(taken)) => taken,
                Ok(None) => {
                    self.burst = 0;
                    self.failing_since = None;
                    return Ok(count);
                }
                Err(error) => return self.note_failure(error).map(|()| count),
            };
            self.received = received;
            let counters = &self.shared.counters;
            counters.received.store(received, Relaxed);
            counters.last_recv_ns.store(recv_ts, Relaxed);
            if id != self.publisher {
                self.note_publisher(id);
            }
            self.note_burst();
            match outcome {
                Outcome::Written => {
                    self.note_batch(record[offset::KIND], address);
                    deliver(&record);
                    delivered += 1;
                }
                Outcome::Foreign => _ = self.shared.counters.foreign.fetch_add(1, Relaxed),
                Outcome::Invalid(error) => {
                    let total = self.shared.counters.decode_errors.fetch_add(1, Relaxed) + 1;
                    self.shared.announce(LinkEvent::DecodeError { message: error.to_string(), total });
                }
            }
        }
        Ok(samples_max)
    }

    fn note_failure(&mut self, error: IoxError) -> Result<(), IoxError> {
        self.shared.counters.receive_failures.fetch_add(1, Relaxed);
        let since = *self.failing_since.get_or_insert_with(Instant::now);
        if since.elapsed() > RECEIVE_FAILURE_MAX {
            return Err(error);
        }
        Ok(())
    }

    fn note_burst(&mut self) {
        self.burst += 1;
        if self.burst >= self.buffer_size {
            self.burst = 0;
            self.shared.counters.suspected_overflow.fetch_add(1, Relaxed);
            self.shared.announce(LinkEvent::Overflow { reason: OverflowReason::Buffer, dropped: 0 });
        }
    }

    fn note_batch(&mut self, record_kind: u8, address: u64) {
        let depth = &mut self.depth[usize::from(address != ADDRESS_EVERYONE)];
        match record_kind {
            kind::BATCH_START => *depth += 1,
            kind::BATCH_END if *depth > 0 => *depth -= 1,
            kind::BATCH_END => return self.note_imbalance(),
            _ => return,
        }
        self.depth_changed = Instant::now();
        if self.depth[usize::from(address != ADDRESS_EVERYONE)] > BATCH_DEPTH_MAX {
            self.note_imbalance();
        }
    }

    fn note_imbalance(&mut self) {
        self.depth = [0; 2];
        self.shared.counters.batch_imbalance.fetch_add(1, Relaxed);
        self.shared.announce(LinkEvent::Overflow { reason: OverflowReason::Batch, dropped: 0 });
    }

    fn adopt(&mut self, id: u128) {
        if self.tag != 0 {
            self.former.push(self.tag);
            if self.former.len() > FORMER_MAX {
                self.former.remove(0);
            }
        }
        self.publisher = id;
        self.tag = fold_publisher_id(id);
        self.is_lost = false;
        self.shared.counters.publisher_tag.store(self.tag, Relaxed);
    }

    /// A publisher other than the known one: the connector was restarted, and knows nothing of us.
    fn note_publisher(&mut self, id: u128) {
        let tag = fold_publisher_id(id);
        if tag == self.tag || self.former.contains(&tag) {
            return;
        }
        let previous = self.tag;
        let was_in_batch = self.depth != [0; 2];
        self.adopt(id);
        self.shared.announce(LinkEvent::PeerChanged { tag, previous });
        if was_in_batch {
            self.note_imbalance();
        }
        self.registrations.iter_mut().for_each(|registration| registration.is_pending = true);
        self.retry_registrations();
    }

    /// Listed publishers whose process lives. A killed one stays listed until some node is created.
    fn living_publisher(&self) -> Option<u128> {
        let listed = self.to_bot.publishers();
        let mut living = listed.iter().filter(|seen| {
            // SAFETY: signal 0 sends nothing, it only asks whether the process exists.
            let gone = unsafe { libc::kill(seen.pid, 0) } == -1
                && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH);
            // A process id may be of another namespace, so the node's own lock has the last word.
            !gone || !self.is_node_dead(seen.node)
        });
        let found = living.next().map(|seen| seen.id);
        self.shared.counters.publishers.store(found.is_some().into(), Relaxed);
        found
    }

    fn is_node_dead(&self, node: u128) -> bool {
        list_nodes(self.to_bot.config())
            .map(|nodes| !nodes.iter().any(|(id, liveness)| *id == node && *liveness != Liveness::Dead))
            .unwrap_or(false)
    }

    /// Everything that goes by the clock. Cheap to call often.
    pub fn tick(&mut self, now: Instant) {
        if now.duration_since(self.tried_registering) >= REGISTER_PERIOD {
            self.tried_registering = now;
            self.retry_registrations();
        }
        if now.duration_since(self.watched) < WATCH_PERIOD {
            return;
        }
        self.watched = now;
        match self.living_publisher() {
            Some(id) if id != self.publisher => self.note_publisher(id),
            Some(_) => {}
            None if !self.is_lost && self.tag != 0 => {
                self.is_lost = true;
                self.shared.announce(LinkEvent::PeerLost { tag: self.tag });
            }
            None => {}
        }
        if self.depth != [0; 2] && now.duration_since(self.depth_changed) > BATCH_OPEN_MAX {
            self.note_imbalance();
        }
    }

    /// Remembers the instrument and asks for it; again until someone has received the request.
    pub fn register(&mut self, symbol: &str, tick_size: f64, lot_size: f64) -> Result<(), IoxError> {
        let is_pending = self.send(&LiveRequest::RegisterInstrument { symbol, tick_size, lot_size })? == 0;
        match self.registrations.iter_mut().find(|known| known.symbol == symbol) {
            Some(known) => (known.tick_size, known.lot_size, known.is_pending) = (tick_size, lot_size, is_pending),
            None => {
                self.registrations.push(Registration { symbol: symbol.to_owned(), tick_size, lot_size, is_pending })
            }
        }
        Ok(())
    }

    fn retry_registrations(&mut self) {
        let mut registrations = std::mem::take(&mut self.registrations);
        for Registration { symbol, tick_size, lot_size, is_pending } in &mut registrations {
            if !*is_pending {
                continue;
            }
            let request = LiveRequest::RegisterInstrument { symbol, tick_size: *tick_size, lot_size: *lot_size };
            // Nobody listening, or no memory at the moment: the next try comes soon.
            *is_pending = self.send(&request).unwrap_or(0) == 0;
        }
        self.registrations = registrations;
    }

    /// Sends a request under this bot's id and returns how many connectors received it: 1, or 0 while none listens.
    pub fn send(&mut self, request: &LiveRequest<'_>) -> Result<usize, IoxError> {
        let mut message = [0; MESSAGE_BYTES_MAX];
        let length =
            encode_request(request, &mut message).map_err(|error| IoxError::new(Code::TooLarge, error.to_string()))?;
        if self.from_bot.subscriber_count() == 0 {
            return Ok(0);
        }
        let bot_id = self.bot_id;
        self.publisher_port.send_with(MESSAGE_BYTES_MAX, |payload, header| {
            payload[..length].copy_from_slice(&message[..length]);
            header[..8].copy_from_slice(&bot_id.to_ne_bytes());
            header[8..].copy_from_slice(&length.to_ne_bytes());
            Ok(())
        })
    }
}

/// `{ id, len }` of a sample.
#[inline]
pub fn read_header(header: &[u8]) -> (u64, usize) {
    let part = |at: usize| header.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0xff; 8]);
    (u64::from_ne_bytes(part(0)), usize::from_ne_bytes(part(8)))
}
