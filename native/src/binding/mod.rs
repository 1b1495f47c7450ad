//! The Node-API surface: the only place that knows JavaScript. Classes here are raw; `src/connectors/hft/native`
//! wraps them and turns thrown codes into `IpcError`.

mod calls;
mod codec;
mod guard;
mod hft;
mod iox;

use napi_derive::napi;

use crate::iox::ICEORYX2_VERSION;

#[napi(object)]
pub struct NativeVersions {
    pub iceoryx2: String,
    pub addon: String,
    pub napi: u32,
}

#[napi]
pub fn versions() -> NativeVersions {
    NativeVersions { iceoryx2: ICEORYX2_VERSION.into(), addon: env!("CARGO_PKG_VERSION").into(), napi: 8 }
}

/// For the `exit` event: `process.exit()` on the main thread runs no cleanup hooks.
#[napi]
pub fn close_all() {
    guard::close_all();
}
