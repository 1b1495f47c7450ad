//! Native objects as JavaScript holds them: guarded (`crate::guard`), thrown as errors with a code, and closed when
//! the environment ends before them.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use napi::Env;

use crate::guard::{self, Close, Guard};
use crate::iox::{Code, IoxError};

/// Thrown as an `Error` whose `code` is the status.
pub type Thrown = napi::Error<String>;
pub type Result<T> = std::result::Result<T, Thrown>;

impl From<IoxError> for Thrown {
    fn from(error: IoxError) -> Self {
        Thrown::new(error.code.as_str().to_owned(), error.message)
    }
}

pub fn invalid(message: impl Into<String>) -> Thrown {
    IoxError::new(Code::InvalidArgument, message).into()
}

thread_local! {
    static OPEN: RefCell<Vec<Weak<dyn Close>>> = const { RefCell::new(Vec::new()) };
    static IS_HOOKED: Cell<bool> = const { Cell::new(false) };
}

/// Closes everything of this thread's environment, newest first: ports before services before nodes.
pub fn close_all() {
    let open = OPEN.with(|open| std::mem::take(&mut *open.borrow_mut()));
    for object in open.iter().rev().filter_map(Weak::upgrade) {
        object.close();
    }
}

pub struct Guarded<T: 'static>(Guard<T>);

impl<T: 'static> Guarded<T> {
    pub fn new(env: &Env, what: &'static str, value: T) -> Result<Self> {
        if !IS_HOOKED.replace(true) {
            let hooked = env.add_env_cleanup_hook((), |()| {
                close_all();
                // A thread may get another environment later.
                IS_HOOKED.set(false);
            });
            hooked.map_err(|error| IoxError::new(Code::Internal, format!("no cleanup hook: {}", error.reason)))?;
        }
        let guard = Guard::new(what, value);
        OPEN.with(|open| {
            let mut open = open.borrow_mut();
            open.retain(|object| object.strong_count() > 0);
            open.push(Rc::downgrade(&guard.closer()));
        });
        Ok(Self(guard))
    }

    pub fn with<R>(&self, action: impl FnOnce(&mut T) -> std::result::Result<R, IoxError>) -> Result<R> {
        Ok(self.0.with(action)?)
    }

    /// Closes once; `false` when it was closed before.
    pub fn close(&self) -> Result<bool> {
        Ok(self.0.close()?)
    }
}

/// Runs a function that belongs to no object.
pub fn caught<R>(action: impl FnOnce() -> std::result::Result<R, IoxError>) -> Result<R> {
    Ok(guard::caught(action)?)
}
