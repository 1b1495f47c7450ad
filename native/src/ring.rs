//! A bounded queue of records between exactly one writing and one reading thread, without locks. When it is full the
//! newest record is refused and counted; what the reader has not seen yet is never overwritten.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use crate::codec::record::{Record, RECORD_BYTES};

/// On a cache line of its own, so that the two sides do not slow each other.
#[repr(align(128))]
struct Padded(AtomicU64);

struct Shared {
    slots: Box<[UnsafeCell<Record>]>,
    mask: u64,
    /// Records written so far; changed by the writer alone.
    written: Padded,
    /// Records read so far; changed by the reader alone.
    read: Padded,
    refused: AtomicU64,
}

// SAFETY: a slot is written only by the one `RingWriter` while it lies outside `read..written`, and read only by the
// one `RingReader` inside; the counters order both with release and acquire.
unsafe impl Sync for Shared {}
// SAFETY: as above; nothing in it belongs to a thread.
unsafe impl Send for Shared {}

pub struct RingWriter {
    shared: Arc<Shared>,
}

pub struct RingReader {
    shared: Arc<Shared>,
}

/// `capacity` must be a power of two.
pub fn ring(capacity: usize) -> (RingWriter, RingReader) {
    assert!(capacity.is_power_of_two(), "the capacity of a ring is a power of two");
    let shared = Arc::new(Shared {
        slots: (0..capacity).map(|_| UnsafeCell::new([0; RECORD_BYTES])).collect(),
        mask: capacity as u64 - 1,
        written: Padded(AtomicU64::new(0)),
        read: Padded(AtomicU64::new(0)),
        refused: AtomicU64::new(0),
    });
    (RingWriter { shared: shared.clone() }, RingReader { shared })
}

impl RingWriter {
    /// `false`: full, and the record is counted as refused.
    #[inline]
    pub fn push(&mut self, record: &Record) -> bool {
        let shared = &*self.shared;
        let written = shared.written.0.load(Ordering::Relaxed);
        if written - shared.read.0.load(Ordering::Acquire) > shared.mask {
            shared.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        // SAFETY: the slot is outside `read..written`, so the reader does not touch it.
        unsafe { *shared.slots[(written & shared.mask) as usize].get() = *record };
        // Sequentially consistent: the doorbell's own flag is checked right after (see `pump`).
        shared.written.0.store(written + 1, Ordering::SeqCst);
        true
    }

    pub fn is_full(&self) -> bool {
        let shared = &*self.shared;
        shared.written.0.load(Ordering::Relaxed) - shared.read.0.load(Ordering::Acquire) > shared.mask
    }

    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

impl RingReader {
    /// Copies the oldest records into `out`, as many as fit, and returns how many.
    pub fn pop_into(&mut self, out: &mut [u8], max: usize) -> usize {
        let shared = &*self.shared;
        let read = shared.read.0.load(Ordering::Relaxed);
        let waiting = (shared.written.0.load(Ordering::SeqCst) - read) as usize;
        let count = waiting.min(max).min(out.len() / RECORD_BYTES);
        for (at, room) in out.chunks_exact_mut(RECORD_BYTES).take(count).enumerate() {
            // SAFETY: the slot lies in `read..written`, so the writer does not touch it.
            room.copy_from_slice(unsafe { &*shared.slots[((read + at as u64) & shared.mask) as usize].get() });
        }
        shared.read.0.store(read + count as u64, Ordering::Release);
        count
    }

    pub fn is_empty(&self) -> bool {
        self.shared.written.0.load(Ordering::SeqCst) == self.shared.read.0.load(Ordering::Relaxed)
    }

    pub fn refused(&self) -> u64 {
        self.shared.refused.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u64) -> Record {
        let mut record = [0; RECORD_BYTES];
        record.chunks_exact_mut(8).for_each(|part| part.copy_from_slice(&number.to_le_bytes()));
        record
    }

    fn numbers(bytes: &[u8]) -> Vec<u64> {
        bytes
            .chunks_exact(RECORD_BYTES)
            .map(|found| {
                let number = u64::from_le_bytes(found[..8].try_into().unwrap());
                assert_eq!(found, record(number), "a torn record");
                number
            })
            .collect()
    }

    #[test]
    fn a_full_ring_refuses_the_newest_and_counts_each() {
        let (mut writer, mut reader) = ring(4);
        let taken: Vec<bool> = (0..7).map(|number| writer.push(&record(number))).collect();
        assert_eq!(taken, [true, true, true, true, false, false, false]);
        assert_eq!(reader.refused(), 3);
        let mut out = [0; 8 * RECORD_BYTES];
        assert_eq!(reader.pop_into(&mut out, 8), 4);
        assert_eq!(numbers(&out[..4 * RECORD_BYTES]), [0, 1, 2, 3]);
        assert!(writer.push(&record(9)) && reader.pop_into(&mut out, 8) == 1);
        assert!(reader.is_empty());
    }

    #[test]
    fn a_read_takes_no_more_than_asked_for_or_fits() {
        let (mut writer, mut reader) = ring(8);
        (0..8).for_each(|number| assert!(writer.push(&record(number))));
        let mut out = [0; 3 * RECORD_BYTES + 5];
        assert_eq!(reader.pop_into(&mut out, 2), 2);
        assert_eq!(reader.pop_into(&mut out, 100), 3);
        assert_eq!(numbers(&out[..3 * RECORD_BYTES]), [2, 3, 4]);
    }

    #[test]
    fn two_threads_pass_every_record_once_in_order_or_count_it() {
        const COUNT: u64 = 2_000_000;
        let (mut writer, mut reader) = ring(256);
        let producer = std::thread::spawn(move || {
            let mut refused = Vec::new();
            for number in 1..=COUNT {
                if !writer.push(&record(number)) {
                    refused.push(number);
                    std::thread::yield_now();
                }
            }
            (refused, writer)
        });
        let mut seen = Vec::new();
        let mut out = vec![0; 64 * RECORD_BYTES];
        loop {
            let count = reader.pop_into(&mut out, 64);
            seen.extend(numbers(&out[..count * RECORD_BYTES]));
            if count == 0 && producer.is_finished() && reader.is_empty() {
                break;
            }
        }
        let (refused, writer) = producer.join().unwrap();
        assert_eq!(writer.refused(), refused.len() as u64);
        assert!(seen.windows(2).all(|pair| pair[0] < pair[1]));
        let mut all = [seen, refused].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(1..=COUNT));
    }
}
