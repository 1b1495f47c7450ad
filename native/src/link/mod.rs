//! One bot's side of a connector: node, the two services, ports and decoding. Both drivers, the pump's thread and the
//! polling JavaScript thread, own one of these; everything in it stays on the thread that opened it, except what is
//! in [`Shared`].
//!
//! What is known beside the samples has files of its own: who publishes (`peer`), what suggests a loss (`losses`),
//! what was asked for (`registrations`), what readers share (`shared`), how the services look (`wire`).

mod losses;
mod peer;
mod registrations;
mod shared;
mod wire;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::codec::encode_request;
use crate::codec::record::{offset, Arrival, Outcome, Record, RecordWriter, RECORD_BYTES};
use crate::codec::types::{LiveRequest, MESSAGE_BYTES_MAX};
use crate::iox::{Code, IoxError, IoxNode, IoxPublisher, IoxService, IoxSubscriber, NodeSettings, OpenMode};

use losses::LossSigns;
use peer::{living_publisher, Peer};
use registrations::Registrations;
use wire::{connector_service, read_header, write_header};

pub use shared::{Counters, LinkEvent, OverflowReason, Shared};

const WATCH_PERIOD: Duration = Duration::from_secs(1);
/// Between two tries of a registration nobody has received yet.
const REGISTER_PERIOD: Duration = Duration::from_millis(50);
/// Receiving fails for a moment while the other side dies or starts; longer is a failure.
const RECEIVE_FAILURE_MAX: Duration = Duration::from_secs(5);
/// A drain looks at this many samples per record asked for: what is meant for others must not keep it busy for long.
const SAMPLES_PER_RECORD_MAX: usize = 4;

#[derive(Debug, Clone)]
pub struct LinkSettings {
    pub connector: String,
    pub bot_id: u64,
    pub node: NodeSettings,
}

pub struct Link {
    shared: Arc<Shared>,
    writer: RecordWriter,
    registrations: Registrations,
    losses: LossSigns,
    peer: Peer,
    received: u64,
    watched: Instant,
    tried_registering: Instant,
    failing_since: Option<Instant>,
    // Dropped in this order: ports before services before the node.
    subscriber: IoxSubscriber,
    requests: Requests,
    to_bot: IoxService,
    _node: IoxNode,
}

/// Nanoseconds since the epoch.
pub fn epoch_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64)
}

impl Link {
    pub fn open(settings: &LinkSettings, shared: Arc<Shared>) -> Result<Self, IoxError> {
        let node = IoxNode::create(&settings.node)?;
        let to_bot = node.service(&connector_service(&settings.connector, "ToBot", OpenMode::Open))?;
        let from_bot = node.service(&connector_service(&settings.connector, "FromBot", OpenMode::Open))?;
        let subscriber = to_bot.subscriber(None)?;
        let port = from_bot.publisher(MESSAGE_BYTES_MAX, None)?;
        let now = Instant::now();
        let mut link = Self {
            writer: RecordWriter::new(settings.bot_id, shared.tables.clone()),
            shared,
            registrations: Registrations::default(),
            losses: LossSigns::new(subscriber.buffer_size(), now),
            peer: Peer::default(),
            received: 0,
            watched: now,
            tried_registering: now,
            failing_since: None,
            subscriber,
            requests: Requests {
                bot_id: settings.bot_id,
                port,
                keeps_history: from_bot.limits().history_size > 0,
                service: from_bot,
            },
            to_bot,
            _node: node,
        };
        if let Some(id) = link.look_for_publisher() {
            link.adopt(id);
        }
        Ok(link)
    }

    pub fn buffer_size(&self) -> usize {
        self.losses.buffer_size()
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
            let (writer, peer, received) = (&mut self.writer, &self.peer, self.received + 1);
            let taken = self.subscriber.receive(|sample| {
                let recv_ts = epoch_ns();
                let (address, length) = read_header(sample.header);
                let publisher_tag = peer.tag_of(sample.publisher);
                let arrival = Arrival { address, length, recv_ts, recv_seq: received, publisher_tag };
                let outcome = writer.write(arrival, sample.payload, &mut record);
                (sample.publisher, recv_ts, address, outcome)
            });
            let (id, recv_ts, address, outcome) = match taken {
                Ok(Some(taken)) => taken,
                Ok(None) => {
                    self.losses.queue_is_empty();
                    self.failing_since = None;
                    return Ok(count);
                }
                Err(error) => return self.note_failure(error).map(|()| count),
            };
            self.received = received;
            let counters = &self.shared.counters;
            counters.received.store(received, Relaxed);
            counters.last_recv_ns.store(recv_ts, Relaxed);
            if id != self.peer.id() {
                self.note_publisher(id);
            }
            self.losses.sample(&self.shared);
            match outcome {
                Outcome::Written => {
                    self.losses.record(record[offset::KIND], address, &self.shared);
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

    fn adopt(&mut self, id: u128) -> u64 {
        let tag = self.peer.adopt(id);
        self.shared.counters.publisher_tag.store(tag, Relaxed);
        tag
    }

    /// A publisher other than the known one: the connector was restarted, and knows nothing of us.
    fn note_publisher(&mut self, id: u128) {
        if !self.peer.is_new(id) {
            return;
        }
        let previous = self.peer.tag();
        let tag = self.adopt(id);
        self.shared.announce(LinkEvent::PeerChanged { tag, previous });
        self.losses.publisher_changed(&self.shared);
        self.registrations.forget_replies();
        self.retry_registrations();
    }

    fn look_for_publisher(&self) -> Option<u128> {
        let found = living_publisher(&self.to_bot);
        self.shared.counters.publishers.store(found.is_some().into(), Relaxed);
        found
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
        match self.look_for_publisher() {
            Some(id) if id != self.peer.id() => self.note_publisher(id),
            Some(_) => {}
            None if self.peer.lose() => self.shared.announce(LinkEvent::PeerLost { tag: self.peer.tag() }),
            None => {}
        }
        self.losses.tick(now, &self.shared);
    }

    /// Remembers the instrument and asks for it; again until someone has received the request.
    pub fn register(&mut self, symbol: &str, tick_size: f64, lot_size: f64) -> Result<(), IoxError> {
        let is_pending = self.send(&LiveRequest::RegisterInstrument { symbol, tick_size, lot_size })? == 0;
        self.registrations.remember(symbol, tick_size, lot_size, is_pending);
        Ok(())
    }

    fn retry_registrations(&mut self) {
        let requests = &self.requests;
        // Nobody listening, or no memory at the moment: the next try comes soon.
        self.registrations.retry(|request| requests.send(request).unwrap_or(0) > 0);
    }

    /// Sends a request under this bot's id and returns how many connectors received it: 1, or 0 while none listens.
    pub fn send(&self, request: &LiveRequest<'_>) -> Result<usize, IoxError> {
        self.requests.send(request)
    }
}

/// The way to the connector. Its port is dropped before its service.
struct Requests {
    bot_id: u64,
    port: IoxPublisher,
    service: IoxService,
    keeps_history: bool,
}

impl Requests {
    fn send(&self, request: &LiveRequest<'_>) -> Result<usize, IoxError> {
        // Where a service keeps a history, an order that nobody receives now would reach whoever comes next.
        if self.keeps_history && self.service.subscriber_count() == 0 {
            return Ok(0);
        }
        // Written in place: a slot is filled with zeros once, and the message is not copied into it.
        self.port.send_with(MESSAGE_BYTES_MAX, |payload, header| {
            let length =
                encode_request(request, payload).map_err(|error| IoxError::new(Code::TooLarge, error.to_string()))?;
            write_header(header, self.bot_id, length);
            Ok(())
        })
    }
}
