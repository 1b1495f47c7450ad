//! What a driver shares with the thread that reads: counters, side tables, and events that wait to be taken.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::codec::record::SideTables;
use crate::iox::IoxError;

const EVENTS_MAX: usize = 1024;

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

#[derive(Default)]
pub struct Shared {
    pub counters: Counters,
    pub tables: Arc<SideTables>,
    events: Mutex<Vec<LinkEvent>>,
    pub has_events: AtomicBool,
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
        self.has_events.store(true, SeqCst);
    }

    pub fn take_events(&self) -> Vec<LinkEvent> {
        let mut events = self.lock();
        self.has_events.store(false, SeqCst);
        std::mem::take(&mut *events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overflow(reason: OverflowReason, dropped: u64) -> LinkEvent {
        LinkEvent::Overflow { reason, dropped }
    }

    fn decode_error(total: u64) -> LinkEvent {
        LinkEvent::DecodeError { message: format!("number {total}"), total }
    }

    #[test]
    fn a_flood_of_losses_and_errors_waits_as_one_event_of_each() {
        let shared = Shared::default();
        for total in 1..=3 {
            shared.announce(overflow(OverflowReason::Ring, 10));
            shared.announce(decode_error(total));
            shared.announce(overflow(OverflowReason::Buffer, 0));
        }
        let expected = [overflow(OverflowReason::Ring, 30), decode_error(3), overflow(OverflowReason::Buffer, 0)];
        assert_eq!(shared.take_events(), expected);
        assert_eq!(shared.take_events(), []);
        assert!(!shared.has_events.load(SeqCst));
    }

    #[test]
    fn events_nobody_takes_are_bounded() {
        let shared = Shared::default();
        for tag in 0..2 * EVENTS_MAX as u64 {
            shared.announce(LinkEvent::PeerLost { tag });
        }
        let taken = shared.take_events();
        assert_eq!((taken.len(), taken.first()), (EVENTS_MAX, Some(&LinkEvent::PeerLost { tag: 0 })));
    }
}
