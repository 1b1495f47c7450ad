//! Signs that samples are missing. A service overwrites its oldest samples silently and messages carry no numbers, so
//! what can be seen is a queue that never ran empty and batch marks that do not balance.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use super::shared::{LinkEvent, OverflowReason, Shared};
use crate::codec::record::kind;
use crate::codec::types::ADDRESS_EVERYONE;

/// A batch takes microseconds to write. One open for this long has lost its end.
const BATCH_OPEN_MAX: Duration = Duration::from_secs(5);
/// Broadcast batches of several sockets may overlap, but not this often.
const BATCH_DEPTH_MAX: u32 = 64;

pub struct LossSigns {
    /// Samples since the queue was last seen empty.
    burst: usize,
    buffer_size: usize,
    /// Open batches: for everyone, for this bot.
    depth: [u32; 2],
    depth_changed: Instant,
}

impl LossSigns {
    pub fn new(buffer_size: usize, now: Instant) -> Self {
        Self { burst: 0, buffer_size, depth: [0; 2], depth_changed: now }
    }

    pub fn buffer_size(&self) -> usize {
        self.buffer_size
    }

    #[inline]
    pub fn queue_is_empty(&mut self) {
        self.burst = 0;
    }

    /// One more sample in a row.
    #[inline]
    pub fn sample(&mut self, shared: &Shared) {
        self.burst += 1;
        if self.burst >= self.buffer_size {
            self.burst = 0;
            shared.counters.suspected_overflow.fetch_add(1, Relaxed);
            shared.announce(LinkEvent::Overflow { reason: OverflowReason::Buffer, dropped: 0 });
        }
    }

    /// Batches nest, and an addressed one may lie inside everybody's: each address has its own depth.
    #[inline]
    pub fn record(&mut self, record_kind: u8, address: u64, shared: &Shared) {
        let depth = &mut self.depth[usize::from(address != ADDRESS_EVERYONE)];
        match record_kind {
            kind::BATCH_START => *depth += 1,
            kind::BATCH_END if *depth > 0 => *depth -= 1,
            kind::BATCH_END => return self.imbalance(shared),
            _ => return,
        }
        let is_too_deep = *depth > BATCH_DEPTH_MAX;
        self.depth_changed = Instant::now();
        if is_too_deep {
            self.imbalance(shared);
        }
    }

    /// The ends of the former publisher's batches will not come.
    pub fn publisher_changed(&mut self, shared: &Shared) {
        if self.depth != [0; 2] {
            self.imbalance(shared);
        }
    }

    pub fn tick(&mut self, now: Instant, shared: &Shared) {
        if self.depth != [0; 2] && now.duration_since(self.depth_changed) > BATCH_OPEN_MAX {
            self.imbalance(shared);
        }
    }

    fn imbalance(&mut self, shared: &Shared) {
        self.depth = [0; 2];
        shared.counters.batch_imbalance.fetch_add(1, Relaxed);
        shared.announce(LinkEvent::Overflow { reason: OverflowReason::Batch, dropped: 0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOT: u64 = 7;

    fn signs(buffer_size: usize) -> (LossSigns, Shared) {
        (LossSigns::new(buffer_size, Instant::now()), Shared::default())
    }

    fn marks(signs: &mut LossSigns, shared: &Shared, marks: &[(u8, u64)]) -> u64 {
        marks.iter().for_each(|(kind, address)| signs.record(*kind, *address, shared));
        shared.counters.batch_imbalance.load(Relaxed)
    }

    #[test]
    fn a_buffer_full_of_samples_in_a_row_is_suspected_and_one_less_is_not() {
        let (mut signs, shared) = signs(3);
        for _ in 0..5 {
            (0..2).for_each(|_| signs.sample(&shared));
            signs.queue_is_empty();
        }
        assert_eq!(shared.counters.suspected_overflow.load(Relaxed), 0);
        (0..7).for_each(|_| signs.sample(&shared));
        assert_eq!(shared.counters.suspected_overflow.load(Relaxed), 2);
        let reason = OverflowReason::Buffer;
        assert_eq!(shared.take_events(), [LinkEvent::Overflow { reason, dropped: 0 }]);
    }

    #[test]
    fn an_addressed_batch_inside_everybodys_balances() {
        let (mut signs, shared) = signs(10);
        let nested = [
            (kind::BATCH_START, ADDRESS_EVERYONE),
            (kind::BATCH_START, BOT),
            (kind::FEED, BOT),
            (kind::BATCH_END, ADDRESS_EVERYONE),
            (kind::BATCH_END, BOT),
        ];
        assert_eq!(marks(&mut signs, &shared, &nested), 0);
        // Its end belongs to nobody's batch now.
        assert_eq!(marks(&mut signs, &shared, &[(kind::BATCH_END, BOT)]), 1);
    }

    #[test]
    fn a_batch_that_stays_open_is_a_loss_once() {
        let (mut signs, shared) = signs(10);
        marks(&mut signs, &shared, &[(kind::BATCH_START, BOT)]);
        let opened = signs.depth_changed;
        signs.tick(opened + BATCH_OPEN_MAX, &shared);
        assert_eq!(shared.counters.batch_imbalance.load(Relaxed), 0);
        for _ in 0..2 {
            signs.tick(opened + BATCH_OPEN_MAX + Duration::from_millis(1), &shared);
            assert_eq!(shared.counters.batch_imbalance.load(Relaxed), 1);
        }
    }

    #[test]
    fn batches_nested_without_end_and_those_of_a_former_publisher_are_losses() {
        let (mut signs, shared) = signs(10);
        let starts = vec![(kind::BATCH_START, ADDRESS_EVERYONE); BATCH_DEPTH_MAX as usize];
        assert_eq!(marks(&mut signs, &shared, &starts), 0);
        assert_eq!(marks(&mut signs, &shared, &starts[..1]), 1);
        signs.publisher_changed(&shared);
        assert_eq!(marks(&mut signs, &shared, &starts[..1]), 1);
        signs.publisher_changed(&shared);
        assert_eq!(shared.counters.batch_imbalance.load(Relaxed), 2);
    }
}
