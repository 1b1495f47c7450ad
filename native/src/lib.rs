//! The native layer of feedbus: shared-memory ports over Iceoryx2 and the wire format of hftbacktest connectors.
//!
//! `codec` is pure; `iox` knows Iceoryx2 and nothing of JavaScript.

pub mod codec;
pub mod iox;
