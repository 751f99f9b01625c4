//! Where a device is in the change feed: set after each round, read by what follows the changes.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The cursor of the last round; none before the first.
#[derive(Debug, Default)]
pub struct Position(Mutex<Option<String>>);

impl Position {
    /// A round has got here.
    pub fn set(&self, cursor: Option<String>) {
        *self.lock() = cursor;
    }

    /// The cursor.
    pub fn get(&self) -> Option<String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
