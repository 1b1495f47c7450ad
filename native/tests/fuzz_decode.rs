//! Malformed messages through the decoder: random bytes, cut and damaged vectors, lying lengths. Each input ends at
//! a page that may not be touched, so that reading one byte too far ends the test at once.

use std::sync::Arc;

use feedbus_native::codec::record::{Arrival, Outcome, RecordWriter, SideTables, RECORD_BYTES};
use feedbus_native::codec::types::MESSAGE_BYTES_MAX;
use feedbus_native::codec::{decode_event, decode_request, encode_event, encode_request};

const CASES: u64 = 10_000_000;
const INPUT_MAX: usize = 1024;
const BOT: u64 = 42;

/// xorshift64*: enough to reach every branch, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((self.next() >> 32) as usize) % bound
    }
}

/// Memory followed by a page without access.
struct Guarded {
    end: *mut u8,
}

impl Guarded {
    fn new() -> Self {
        // SAFETY: plain system calls on fresh memory that is never given back.
        unsafe {
            let page = libc::sysconf(libc::_SC_PAGESIZE) as usize;
            let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            let start = libc::mmap(std::ptr::null_mut(), 2 * page, protection, flags, -1, 0);
            assert_ne!(start, libc::MAP_FAILED);
            let end = start.cast::<u8>().add(page);
            assert_eq!(libc::mprotect(end.cast(), page, libc::PROT_NONE), 0);
            assert!(page >= INPUT_MAX);
            Self { end }
        }
    }

    fn last(&mut self, length: usize) -> &mut [u8] {
        // SAFETY: at most a page, right before the protected one, borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.end.sub(length), length) }
    }
}

fn vectors() -> Vec<Vec<u8>> {
    include_str!("../vectors/golden.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let hex = line.split(' ').nth(1).unwrap();
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
        })
        .collect()
}

/// Fills the end of the guarded memory with one case and returns its length.
fn make_case(random: &mut Random, vectors: &[Vec<u8>], memory: &mut Guarded) -> usize {
    let vector = &vectors[random.below(vectors.len())];
    match random.below(4) {
        0 => {
            let bound = if random.below(16) == 0 { INPUT_MAX } else { 96 };
            let length = random.below(bound);
            let out = memory.last(length);
            out.iter_mut().for_each(|byte| *byte = random.next() as u8);
            // Otherwise nearly all of them would end at their first byte.
            if let Some(first) = out.first_mut() {
                *first %= 8;
            }
            length
        }
        1 => {
            let length = random.below(vector.len() + 1);
            memory.last(length).copy_from_slice(&vector[..length]);
            length
        }
        2 => {
            let out = memory.last(vector.len());
            out.copy_from_slice(vector);
            for _ in 0..=random.below(3) {
                out[random.below(vector.len())] = random.next() as u8;
            }
            vector.len()
        }
        _ => {
            // A length field that lies: any number form in the middle.
            let at = random.below(vector.len());
            let form = 251 + random.below(5) as u8;
            let mut bytes = [&vector[..at], &[form], &random.next().to_le_bytes(), &vector[at..]].concat();
            bytes.truncate(bytes.len() - random.below(9).min(bytes.len()));
            memory.last(bytes.len()).copy_from_slice(&bytes);
            bytes.len()
        }
    }
}

#[test]
fn ten_million_malformed_messages_decode_or_are_refused() {
    let seed = std::env::var("FEEDBUS_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_231_114_u64);
    let mut random = Random(seed | 1);
    let vectors = vectors();
    let mut memory = Guarded::new();
    let mut writer = RecordWriter::new(BOT, Arc::new(SideTables::default()));
    let (mut events, mut requests, mut refused, mut foreign) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut out = [0; 2 * INPUT_MAX];
    for case in 0..CASES {
        let length = make_case(&mut random, &vectors, &mut memory);
        let bytes: &[u8] = memory.last(length);
        let event = decode_event(bytes);
        if let Ok(event) = &event {
            events += 1;
            // What was understood can be said again, and is understood the same way.
            let used = encode_event(event, &mut out).unwrap();
            let mut again = [0; 2 * INPUT_MAX];
            let same = encode_event(&decode_event(&out[..used]).unwrap(), &mut again).unwrap();
            assert_eq!(out[..used], again[..same], "seed {seed}, case {case}");
        }
        match decode_request(bytes) {
            Ok(request) => {
                requests += 1;
                assert!(encode_request(&request, &mut out).is_ok(), "seed {seed}, case {case}");
            }
            Err(_) if event.is_err() => refused += 1,
            Err(_) => {}
        }
        let address = [0, BOT, BOT + 1][random.below(3)];
        let claimed = if random.below(8) == 0 { random.next() as usize } else { length };
        let arrival = Arrival { address, length: claimed, recv_ts: 0, recv_seq: case, publisher_tag: 1 };
        let mut record = [0; RECORD_BYTES];
        match writer.write(arrival, bytes, &mut record) {
            Outcome::Written => assert!(claimed <= length && decode_event(&bytes[..claimed]).is_ok()),
            Outcome::Foreign => foreign += 1,
            Outcome::Invalid(_) => assert!(claimed > length || decode_event(&bytes[..claimed]).is_err()),
        }
    }
    println!(
        "{CASES} byte strings, seed {seed}: {events} events, {requests} requests, {refused} refused, {foreign} for others"
    );
    // A fuzz that only ever fails, or only ever succeeds, tests one branch.
    for count in [events, requests, refused, foreign] {
        assert!(count > CASES / 1000);
    }
    assert!(vectors.iter().all(|vector| vector.len() <= MESSAGE_BYTES_MAX));
}
