//! A deadline for each statement. `SQLite` computes on a thread that serves others too, where nothing
//! but itself can stop it.

use std::cell::Cell;
use std::ffi::c_int;
use std::time::{Duration, Instant};

use rusqlite::Connection;

/// How long a statement may compute. A stop of the server waits no longer for one.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// Instructions of `SQLite`'s virtual machine between two looks at the clock: less than a millisecond.
const INSTRUCTIONS: c_int = 20_000;

thread_local! {
    /// Of the statement that runs on this thread.
    static DEADLINE: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Lets statements on this connection end at their deadline.
pub fn watch(connection: &mut Connection) -> rusqlite::Result<()> {
    let is_over = || DEADLINE.get().is_some_and(|end| end <= Instant::now());
    connection.progress_handler(INSTRUCTIONS, Some(is_over))
}

/// Runs a statement that may compute for this long; then it fails with `SQLITE_INTERRUPT`, and a
/// transaction that it writes in is rolled back.
pub fn within<T>(timeout: Duration, run: impl FnOnce() -> T) -> T {
    DEADLINE.set(Some(Instant::now() + timeout));
    let result = run();
    DEADLINE.set(None);
    result
}

#[cfg(test)]
mod tests {
    use rusqlite::ErrorCode;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT 1 FROM n LIMIT 1000000)
        INSERT INTO t SELECT count(*) FROM n";

    fn connection() -> Connection {
        let mut connection = Connection::open_in_memory().unwrap();
        watch(&mut connection).unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        connection
    }

    #[test]
    fn a_statement_without_an_end_is_interrupted_and_its_transaction_rolled_back() {
        let connection = connection();
        connection
            .execute_batch("BEGIN; INSERT INTO t VALUES (1)")
            .unwrap();
        let endless = LONG.replace("LIMIT 1000000", "");
        let result = within(SHORT, || connection.execute(&endless, []));
        let code = result.unwrap_err().sqlite_error_code();
        assert_eq!(code, Some(ErrorCode::OperationInterrupted));
        assert!(connection.is_autocommit());
        let count = |row: &rusqlite::Row<'_>| row.get(0);
        let rows: i64 = connection
            .query_row("SELECT count(*) FROM t", [], count)
            .unwrap();
        assert_eq!(rows, 0);
    }

    #[test]
    fn each_statement_has_a_deadline_of_its_own() {
        let connection = connection();
        within(Duration::from_secs(600), || connection.execute(LONG, [])).unwrap();
        within(Duration::ZERO, || connection.execute(LONG, [])).unwrap_err();
        connection.execute(LONG, []).unwrap();
    }
}
