//! What keeps a native object safe from its callers: use after close and from another thread is refused, a panic is
//! caught and poisons the object. Knows nothing of JavaScript; `binding/guard.rs` adds what ends with an environment.

use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::rc::Rc;

use crate::iox::{Code, IoxError};

thread_local! {
    static HERE: u8 = const { 0 };
}

/// Tells threads that live at the same time apart: the address of something each has for itself. A thread's id does
/// the same, but asking for it counts a reference up and down, in every call of a polling loop.
fn this_thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here) as usize)
}

/// Closes what is inside, without a word about what was in it.
pub trait Close {
    fn close(&self);
}

impl<T> Close for RefCell<Option<T>> {
    fn close(&self) {
        // Borrowed only while a call runs, and nothing else ends inside one.
        if let Ok(mut value) = self.try_borrow_mut() {
            let value = value.take();
            _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
        }
    }
}

pub struct Guard<T: 'static> {
    what: &'static str,
    thread: usize,
    value: Rc<RefCell<Option<T>>>,
    is_poisoned: Cell<bool>,
}

impl<T: 'static> Guard<T> {
    pub fn new(what: &'static str, value: T) -> Self {
        let value = Rc::new(RefCell::new(Some(value)));
        Self { what, thread: this_thread(), value, is_poisoned: Cell::new(false) }
    }

    /// The same object, for whoever closes everything at the end.
    pub fn closer(&self) -> Rc<dyn Close> {
        self.value.clone()
    }

    pub fn with<R>(&self, action: impl FnOnce(&mut T) -> Result<R, IoxError>) -> Result<R, IoxError> {
        self.check()?;
        let mut value = self
            .value
            .try_borrow_mut()
            .map_err(|_| IoxError::new(Code::Busy, format!("the {} is in use by an outer call", self.what)))?;
        let Some(inner) = value.as_mut() else {
            return Err(IoxError::new(Code::Closed, format!("the {} is closed", self.what)));
        };
        catch_unwind(AssertUnwindSafe(|| action(inner))).unwrap_or_else(|_| {
            self.is_poisoned.set(true);
            Err(self.poisoned())
        })
    }

    /// Closes once; `false` when it was closed before. Also closes what is poisoned.
    pub fn close(&self) -> Result<bool, IoxError> {
        self.check_thread()?;
        let taken = self.value.try_borrow_mut().ok().and_then(|mut value| value.take());
        let was_open = taken.is_some();
        match catch_unwind(AssertUnwindSafe(|| drop(taken))) {
            Ok(()) => Ok(was_open),
            Err(_) => Err(self.poisoned()),
        }
    }

    fn check(&self) -> Result<(), IoxError> {
        self.check_thread()?;
        if self.is_poisoned.get() {
            return Err(self.poisoned());
        }
        Ok(())
    }

    fn check_thread(&self) -> Result<(), IoxError> {
        if self.thread == this_thread() {
            return Ok(());
        }
        Err(IoxError::new(Code::InvalidArgument, format!("the {} belongs to the thread that created it", self.what)))
    }

    fn poisoned(&self) -> IoxError {
        let message = format!("a panic inside the {} was caught; it cannot be used any more", self.what);
        IoxError::new(Code::Internal, message)
    }
}

/// Runs a function that belongs to no object.
pub fn caught<R>(action: impl FnOnce() -> Result<R, IoxError>) -> Result<R, IoxError> {
    catch_unwind(AssertUnwindSafe(action)).unwrap_or_else(|_| Err(IoxError::new(Code::Internal, "a panic was caught")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panics when it is dropped, if told to.
    struct Fragile {
        count: u32,
        panics_at_end: bool,
    }

    impl Drop for Fragile {
        fn drop(&mut self) {
            assert!(!self.panics_at_end, "told to");
        }
    }

    fn fragile(panics_at_end: bool) -> Guard<Fragile> {
        Guard::new("thing", Fragile { count: 0, panics_at_end })
    }

    fn code<R: std::fmt::Debug>(outcome: Result<R, IoxError>) -> Code {
        outcome.unwrap_err().code
    }

    #[test]
    fn a_panic_is_an_error_and_the_object_is_unusable_from_then_on() {
        let guard = fragile(false);
        let add = |guard: &Guard<Fragile>| {
            guard.with(|thing| {
                thing.count += 1;
                Ok(thing.count)
            })
        };
        assert_eq!(add(&guard), Ok(1));
        let outcome: Result<(), _> = guard.with(|_| panic!("a defect"));
        let error = outcome.unwrap_err();
        assert_eq!((error.code, error.code.as_str()), (Code::Internal, "IPC_INTERNAL"));
        assert!(error.message.contains("a panic inside the thing was caught"));
        assert_eq!(code(add(&guard)), Code::Internal);
        // What it holds is let go of all the same, and another object is not concerned.
        assert_eq!(guard.close(), Ok(true));
        assert_eq!(add(&fragile(false)), Ok(1));
    }

    #[test]
    fn a_panic_while_closing_is_an_error_and_closing_again_is_none() {
        let guard = fragile(true);
        assert_eq!(code(guard.close()), Code::Internal);
        assert_eq!(guard.close(), Ok(false));
        // At the end of everything nobody is there to be told.
        fragile(true).closer().close();
    }

    #[test]
    fn a_panic_outside_of_objects_is_an_error() {
        let outcome: Result<(), _> = caught(|| panic!("a defect"));
        assert_eq!(code(outcome), Code::Internal);
        assert_eq!(caught(|| Ok(1)), Ok(1));
    }

    #[test]
    fn use_after_close_and_inside_a_call_is_refused() {
        let guard = fragile(false);
        assert_eq!(guard.with(|_| Ok(code(guard.with(|_| Ok(()))))), Ok(Code::Busy));
        assert_eq!(guard.close(), Ok(true));
        assert_eq!(guard.close(), Ok(false));
        assert_eq!(code(guard.with(|_| Ok(()))), Code::Closed);
    }
}
