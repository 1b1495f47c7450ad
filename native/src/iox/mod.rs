//! Iceoryx2 behind five small types, with payload and header types given at run time. No Node-API here: the addon
//! and its test peers use the same code.
//!
//! Every port belongs to the thread that made it.

mod access;
pub mod error;
mod files;
mod log;
mod memory;
pub mod node;
pub mod publisher;
pub mod service;
pub mod subscriber;
mod version;

pub use error::{Code, IoxError};
pub use node::{IoxNode, LogLevel, NodeSettings};
pub use publisher::IoxPublisher;
pub use service::{IoxService, OpenMode, ServiceInfo, ServiceSpec, TypeSpec};
pub use subscriber::{IoxSubscriber, Received};

/// Version of Iceoryx2 in this build; `Cargo.toml` pins it.
pub const ICEORYX2_VERSION: &str = "0.6.1";
