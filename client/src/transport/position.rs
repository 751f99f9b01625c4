//! Where a device is in the change feed: set after each round, read by what waits for changes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The cursor of the last round; none before the first.
#[derive(Debug, Default)]
pub struct Position {
    cursor: Mutex<Option<String>>,
    moved: Condvar,
}

impl Position {
    /// A round has got here.
    pub fn set(&self, cursor: Option<String>) {
        *self.lock() = cursor;
        self.moved.notify_all();
    }

    /// The cursor.
    pub fn get(&self) -> Option<String> {
        self.lock().clone()
    }

    /// Waits until the position is another than this, but not longer than `time`.
    pub fn wait_while(&self, old: Option<&str>, time: Duration) {
        let is_old = |cursor: &mut Option<String>| cursor.as_deref() == old;
        _ = self.moved.wait_timeout_while(self.lock(), time, is_old);
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_wait_ends_when_the_position_moves() {
        let position = Arc::new(Position::default());
        position.set(Some("1".to_owned()));
        let mover = Arc::clone(&position);
        std::thread::spawn(move || mover.set(Some("2".to_owned())));
        position.wait_while(Some("1"), Duration::from_secs(60));
        assert_eq!(position.get().as_deref(), Some("2"));
        let began = Instant::now();
        position.wait_while(Some("2"), Duration::from_millis(20));
        assert!(began.elapsed() >= Duration::from_millis(20));
    }
}
