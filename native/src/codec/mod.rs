//! The wire format of hftbacktest connectors, written from its description: varint integers, little endian
//! floats, variant indexes for enumerations. No Node-API and no shared memory here, so that all of it is tested
//! and fuzzed as plain functions over byte slices.

mod decode;
mod encode;
pub mod packed;
pub mod record;
pub mod types;
mod varint;

#[cfg(test)]
mod golden;

pub use decode::{decode_event, decode_request};
pub use encode::{encode_event, encode_request};
