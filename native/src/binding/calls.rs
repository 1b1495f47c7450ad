//! What a bot calls per message, as plain functions that are bound to their connection and its two buffers. A method
//! of a class finds its object, checks its type and reads each argument by calls into the engine, which takes longer
//! than the work; here everything but one number is known beforehand.
//!
//! The buffers are `SharedArrayBuffer`s, not to share them but because nothing in JavaScript can detach or shrink one:
//! the address taken here stays good for as long as the function lives.

use std::ffi::{c_void, CStr, CString};
use std::ptr;
use std::rc::Rc;

use napi::{sys, Env};

use super::guard::{invalid, Result, Thrown};
use super::hft::Connection;

/// A buffer of JavaScript's, kept alive by a reference.
struct Window {
    env: sys::napi_env,
    at: *mut u8,
    length: usize,
    kept: sys::napi_ref,
}

impl Window {
    fn of(env: sys::napi_env, buffer: sys::napi_value) -> Result<Self> {
        let (mut kind, mut length, mut at, mut inner) = (0, 0, ptr::null_mut(), ptr::null_mut());
        let mut kept = ptr::null_mut();
        // SAFETY: plain calls with places for their results; the engine checks the value.
        unsafe {
            let status = sys::napi_get_typedarray_info(
                env,
                buffer,
                &mut kind,
                &mut length,
                &mut at,
                &mut inner,
                ptr::null_mut(),
            );
            if status != sys::Status::napi_ok || kind != sys::TypedarrayType::uint8_array {
                return Err(invalid("a buffer of calls must be a Uint8Array"));
            }
            if at.is_null() {
                return Err(invalid("a buffer of calls must not be empty"));
            }
            let mut is_detachable = false;
            if sys::napi_is_arraybuffer(env, inner, &mut is_detachable) != sys::Status::napi_ok || is_detachable {
                return Err(invalid("a buffer of calls must lie in a SharedArrayBuffer"));
            }
            if sys::napi_create_reference(env, buffer, 1, &mut kept) != sys::Status::napi_ok {
                return Err(invalid("no reference to a buffer of calls"));
            }
        }
        Ok(Self { env, at: at.cast(), length, kept })
    }

    /// # Safety
    /// Nothing else may use the buffer until the slice is dropped: only inside a call, which has its thread to itself.
    #[allow(clippy::mut_from_ref)]
    unsafe fn bytes(&self) -> &mut [u8] {
        // SAFETY: the reference keeps the buffer, and a shared one never moves or shrinks.
        unsafe { std::slice::from_raw_parts_mut(self.at, self.length) }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // SAFETY: made by `of`; dropped by a finalizer or inside a call, both on the thread of `env` while it lives.
        unsafe { _ = sys::napi_delete_reference(self.env, self.kept) };
    }
}

/// What the functions of one connection share. Each holds a count of its own, for either may outlive the other.
struct Bound {
    connection: Rc<Connection>,
    records: Window,
    request: Window,
}

impl Bound {
    fn drain(&self, max: u32) -> Result<u32> {
        // SAFETY: inside a call.
        self.connection.drain(unsafe { self.records.bytes() }, max)
    }

    fn send(&self) -> Result<u32> {
        // SAFETY: inside a call.
        self.connection.send_packed(unsafe { self.request.bytes() })
    }
}

unsafe extern "C" fn drain(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut count, mut argument, mut data) = (1, ptr::null_mut(), ptr::null_mut());
    // What is no number leaves room for nothing.
    let mut max = 0;
    // SAFETY: `data` is what `attach` gave, alive as long as the function.
    unsafe {
        _ = sys::napi_get_cb_info(env, info, &mut count, &mut argument, ptr::null_mut(), &mut data);
        _ = sys::napi_get_value_uint32(env, argument, &mut max);
        answer(env, (*data.cast::<Bound>()).drain(max))
    }
}

unsafe extern "C" fn send(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut data = ptr::null_mut();
    // SAFETY: as above.
    unsafe {
        _ = sys::napi_get_cb_info(env, info, ptr::null_mut(), ptr::null_mut(), ptr::null_mut(), &mut data);
        answer(env, (*data.cast::<Bound>()).send())
    }
}

/// A number, or an exception and nothing.
unsafe fn answer(env: sys::napi_env, outcome: Result<u32>) -> sys::napi_value {
    let mut value = ptr::null_mut();
    // SAFETY: plain calls in the running environment.
    unsafe {
        match outcome {
            Ok(number) => _ = sys::napi_create_uint32(env, number, &mut value),
            Err(error) => throw(env, &error),
        }
    }
    value
}

#[cold]
unsafe fn throw(env: sys::napi_env, error: &Thrown) {
    let text = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default();
    let (code, message) = (text(&error.status), text(&error.reason));
    // SAFETY: both texts end with a zero and live until the call returns.
    unsafe { _ = sys::napi_throw_error(env, code.as_ptr(), message.as_ptr()) };
}

/// Gives back a function's share. Runs when the function is collected, or at the end of its environment.
unsafe extern "C" fn finalize(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: the count that `attach` made for this one function.
    drop(unsafe { Rc::from_raw(data.cast::<Bound>()) });
}

fn attach(
    env: sys::napi_env,
    calls: sys::napi_value,
    name: &CStr,
    entry: sys::napi_callback,
    bound: &Rc<Bound>,
) -> Result<()> {
    let data = Rc::into_raw(bound.clone()).cast_mut().cast::<c_void>();
    let mut function = ptr::null_mut();
    // SAFETY: plain calls; `data` goes with the finalizer, or right here when there will be none.
    unsafe {
        let length = name.count_bytes() as isize;
        let is_made = sys::napi_create_function(env, name.as_ptr(), length, entry, data, &mut function)
            == sys::Status::napi_ok
            && sys::napi_add_finalizer(env, function, data, Some(finalize), ptr::null_mut(), ptr::null_mut())
                == sys::Status::napi_ok;
        if !is_made {
            finalize(env, data, ptr::null_mut());
            return Err(invalid("no function for a call"));
        }
        _ = sys::napi_set_named_property(env, calls, name.as_ptr(), function);
    }
    Ok(())
}

/// An object with the functions `drain(max)` and `send()`.
pub fn bind(
    env: &Env,
    connection: Rc<Connection>,
    records: sys::napi_value,
    request: sys::napi_value,
) -> Result<sys::napi_value> {
    let env = env.raw();
    let bound = Rc::new(Bound { connection, records: Window::of(env, records)?, request: Window::of(env, request)? });
    let mut calls = ptr::null_mut();
    // SAFETY: a plain call with a place for its result.
    if unsafe { sys::napi_create_object(env, &mut calls) } != sys::Status::napi_ok {
        return Err(invalid("no object for calls"));
    }
    attach(env, calls, c"drain", Some(drain), &bound)?;
    attach(env, calls, c"send", Some(send), &bound)?;
    Ok(calls)
}
