//! What outlives a batch of records: symbols are interned and travel as an index, error values wait for whoever takes
//! them. Both are bounded, and shared: the thread that decodes writes, the one that reads records looks up.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::NO_INDEX;
use crate::codec::types::LiveError;

/// A connector serves some hundred symbols; a stream of invented ones must not grow the table without end.
pub const SYMBOLS_MAX: usize = 4096;
/// Error values kept for whoever asks; the oldest goes first.
pub const ERRORS_MAX: usize = 1024;

#[derive(Default)]
pub struct SideTables {
    symbols: Mutex<Vec<String>>,
    errors: Mutex<ErrorTable>,
}

#[derive(Default)]
struct ErrorTable {
    next: u16,
    waiting: BTreeMap<u64, (u16, LiveError)>,
    stored: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing below a lock panics half way through a change, so the content is whole even then.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SideTables {
    /// All interned symbols; a record's symbol index counts in this list, which only grows.
    pub fn symbols(&self) -> Vec<String> {
        lock(&self.symbols).clone()
    }

    pub(super) fn add_symbol(&self, symbol: &str) -> Option<u16> {
        let mut symbols = lock(&self.symbols);
        if symbols.len() >= SYMBOLS_MAX {
            return None;
        }
        symbols.push(symbol.to_owned());
        Some((symbols.len() - 1) as u16)
    }

    pub(super) fn store_error(&self, error: LiveError) -> u16 {
        let mut errors = lock(&self.errors);
        let slot = errors.next;
        errors.next = if slot + 1 == NO_INDEX { 0 } else { slot + 1 };
        let order = errors.stored;
        errors.stored += 1;
        errors.waiting.insert(order, (slot, error));
        if errors.waiting.len() > ERRORS_MAX {
            errors.waiting.pop_first();
        }
        slot
    }

    /// The error of a record, once. `None` when it was taken before or [`ERRORS_MAX`] newer ones pushed it out.
    pub fn take_error(&self, slot: u16) -> Option<LiveError> {
        let mut errors = lock(&self.errors);
        let order = errors.waiting.iter().rev().find(|(_, (waiting, _))| *waiting == slot).map(|(order, _)| *order)?;
        errors.waiting.remove(&order).map(|(_, error)| error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::types::{ErrorKind, Value};

    fn error(number: i64) -> LiveError {
        LiveError { kind: ErrorKind::Custom(number), value: Value::Empty }
    }

    #[test]
    fn an_error_is_taken_once_and_only_the_newest_wait() {
        let tables = SideTables::default();
        let slots: Vec<u16> = (0..=ERRORS_MAX as i64).map(|number| tables.store_error(error(number))).collect();
        assert_eq!(tables.take_error(slots[0]), None);
        assert_eq!(tables.take_error(slots[1]), Some(error(1)));
        assert_eq!(tables.take_error(slots[1]), None);
    }

    #[test]
    fn slots_begin_again_before_the_one_that_means_none() {
        let tables = SideTables::default();
        let last = (0..u64::from(NO_INDEX)).map(|number| tables.store_error(error(number as i64))).last();
        assert_eq!(last, Some(NO_INDEX - 1));
        assert_eq!(tables.store_error(error(-1)), 0);
        assert_eq!(tables.take_error(0), Some(error(-1)));
    }

    #[test]
    fn symbols_are_bounded() {
        let tables = SideTables::default();
        let indexes: Vec<Option<u16>> =
            (0..=SYMBOLS_MAX).map(|number| tables.add_symbol(&format!("s{number}"))).collect();
        assert_eq!(indexes.last(), Some(&None));
        assert!(indexes[..SYMBOLS_MAX].iter().enumerate().all(|(number, index)| *index == Some(number as u16)));
        assert_eq!(tables.symbols().len(), SYMBOLS_MAX);
    }
}
