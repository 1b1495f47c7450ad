//! What the peers of tests and benchmarks share: ports in both roles, a reference book and JSON lines.
//!
//! On purpose not built on `iox` and `pump`: a peer that shares the code under test shares its mistakes. Only the
//! codec is common, and that one is held to the published encoder in `conformance/`.

// Each program is compiled with the whole module and uses its part of it.
#![allow(dead_code)]

pub mod args;
pub mod book;
pub mod lines;
pub mod ports;
pub mod random;

use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since the epoch, as the wire carries them.
pub fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64)
}
