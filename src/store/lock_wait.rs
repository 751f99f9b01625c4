//! How a writer waits for the lock of the database.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::Error;

/// How long SQLite itself waits before the store tries again, or the store where SQLite does not.
pub(super) const SHORT_TIMEOUT: Duration = Duration::from_millis(20);
/// How long a wait is of which `on_long` tells.
const LONG: Duration = Duration::from_secs(1);

/// The patience of a writer.
pub(super) struct LockWait {
    pub timeout: Duration,
    pub on_long: fn(),
}

impl Default for LockWait {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            on_long: || (),
        }
    }
}

impl LockWait {
    /// Calls `begin` until it has the lock. SQLite looks for it after pauses that grow to a tenth of
    /// a second, and has lost it to others by then; a new attempt starts with short pauses.
    pub fn wait<T>(
        &self,
        sqlite_waits: bool,
        begin: impl Fn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let mut notice = Some(self.on_long);
        loop {
            match begin() {
                Err(Error::Busy) if started.elapsed() < self.timeout => {
                    let notice = notice.take_if(|_| started.elapsed() > LONG);
                    notice.into_iter().for_each(|tell| tell());
                    if !sqlite_waits {
                        sleep(SHORT_TIMEOUT);
                    }
                }
                begun => return begun,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::super::sql_error::SqlError;
    use super::super::store::Store;
    use super::super::test_support::{Failing, TestFile};
    use super::*;

    #[test]
    fn the_store_waits_where_the_server_does_not() {
        let file = TestFile::new();
        drop(file.store());
        let store = Store::open_unchanged(Failing {
            connection: file.connection(),
            begins: "PRAGMA busy_timeout",
            left: Rc::new(Cell::new(1)),
            error: || SqlError::Failed("pragmas are not allowed".into()),
        });
        let file = file.connection();
        file.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(!store.waits_inside());
        let store = store.with_lock_timeout(3 * SHORT_TIMEOUT);
        let started = Instant::now();
        assert!(matches!(store.begin("BEGIN IMMEDIATE"), Err(Error::Busy)));
        assert!(started.elapsed() >= 3 * SHORT_TIMEOUT);
    }
}
