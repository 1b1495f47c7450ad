//! What stands between JavaScript and every native object: use after close and from another thread throws, a panic is
//! caught and poisons the object, and what is still open when the environment ends is closed then.

use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::{Rc, Weak};
use std::thread::{self, ThreadId};

use napi::Env;

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

trait Close {
    fn close(&self);
}

impl<T> Close for RefCell<Option<T>> {
    fn close(&self) {
        // Borrowed only while a call runs, and the environment does not end inside one.
        if let Ok(mut value) = self.try_borrow_mut() {
            let value = value.take();
            _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
        }
    }
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

pub struct Guarded<T: 'static> {
    what: &'static str,
    thread: ThreadId,
    value: Rc<RefCell<Option<T>>>,
    is_poisoned: Cell<bool>,
}

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
        let value: Rc<RefCell<Option<T>>> = Rc::new(RefCell::new(Some(value)));
        OPEN.with(|open| {
            let mut open = open.borrow_mut();
            open.retain(|object| object.strong_count() > 0);
            let object: Rc<dyn Close> = value.clone();
            open.push(Rc::downgrade(&object));
        });
        Ok(Self { what, thread: thread::current().id(), value, is_poisoned: Cell::new(false) })
    }

    pub fn with<R>(&self, action: impl FnOnce(&mut T) -> std::result::Result<R, IoxError>) -> Result<R> {
        self.check()?;
        let mut value = self
            .value
            .try_borrow_mut()
            .map_err(|_| IoxError::new(Code::Busy, format!("the {} is in use by an outer call", self.what)))?;
        let Some(inner) = value.as_mut() else {
            return Err(IoxError::new(Code::Closed, format!("the {} is closed", self.what)).into());
        };
        match catch_unwind(AssertUnwindSafe(|| action(inner))) {
            Ok(outcome) => Ok(outcome?),
            Err(_) => {
                self.is_poisoned.set(true);
                Err(self.poisoned())
            }
        }
    }

    /// Closes once; `false` when it was closed before.
    pub fn close(&self) -> Result<bool> {
        if self.thread != thread::current().id() {
            self.check()?;
        }
        let taken = self.value.try_borrow_mut().ok().and_then(|mut value| value.take());
        let was_open = taken.is_some();
        match catch_unwind(AssertUnwindSafe(|| drop(taken))) {
            Ok(()) => Ok(was_open),
            Err(_) => Err(self.poisoned()),
        }
    }

    fn check(&self) -> Result<()> {
        if self.thread != thread::current().id() {
            let message = format!("the {} belongs to the thread that created it", self.what);
            return Err(IoxError::new(Code::InvalidArgument, message).into());
        }
        if self.is_poisoned.get() {
            return Err(self.poisoned());
        }
        Ok(())
    }

    fn poisoned(&self) -> Thrown {
        let message = format!("a panic inside the {} was caught; it cannot be used any more", self.what);
        IoxError::new(Code::Internal, message).into()
    }
}

/// Runs a function that belongs to no object.
pub fn caught<R>(action: impl FnOnce() -> std::result::Result<R, IoxError>) -> Result<R> {
    match catch_unwind(AssertUnwindSafe(action)) {
        Ok(outcome) => Ok(outcome?),
        Err(_) => Err(IoxError::new(Code::Internal, "a panic was caught").into()),
    }
}
