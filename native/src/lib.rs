//! The native layer of feedbus: shared-memory ports over Iceoryx2 and the wire format of hftbacktest connectors.
//!
//! `codec` and `guard` are pure; `iox` knows Iceoryx2 and nothing of connectors; `link` is one bot's side of a connector, `ring` and
//! `pump` take it off the JavaScript thread; only `binding` knows Node-API.

#[cfg(feature = "addon")]
mod binding;
pub mod codec;
pub mod guard;
pub mod iox;
pub mod link;
pub mod pump;
pub mod ring;
