//! A guest's connection to a `SQLite` database, as on Spin (`crates/sqlite-inproc/src/lib.rs`).
//!
//! Statements run on the calling thread, not on a blocking one: because of the write lock
//! ([`super::write_lock`]), no writer waits inside `SQLite` for another one of this process. Only
//! those that take long leave the thread to others ([`super::long_read`]).

use std::sync::Arc;

use kamiflow_sync_component::store::BEGIN_GROUPED;
use rusqlite::Connection;

use super::bindings::spin::sqlite::sqlite::{Error, QueryResult, Value};
use super::group_commit::GroupedTransaction;
use super::guest_database::GuestDatabase;
use super::instance_memory::InstanceMemory;
use super::long_read::{LongStatements, run};
use super::query::{io, query};
use super::write_lock::WriteGuard;
use crate::database::disk_reserve::{DiskReserve, Lent};

/// Dropping it rolls back an open transaction and then releases the write lock.
#[derive(Debug)]
pub struct GuestConnection {
    database: Arc<GuestDatabase>,
    // These three are dropped in this order.
    open: Option<Connection>,
    lent: Option<Lent>,
    write_guard: Option<WriteGuard>,
    /// The transaction in progress on the connection of the group commit.
    grouped: Option<GroupedTransaction>,
    long_statements: LongStatements,
}

impl GuestConnection {
    /// The first statement opens the database, as on Spin.
    pub fn new(database: Arc<GuestDatabase>) -> Self {
        Self {
            database,
            open: None,
            lent: None,
            write_guard: None,
            grouped: None,
            long_statements: LongStatements::default(),
        }
    }

    /// Runs one statement and returns all of its rows.
    ///
    /// A statement that may write waits for the write lock, which the connection then keeps until it
    /// is no longer in a transaction. Other statements never wait.
    ///
    /// A transaction that begins with [`BEGIN_GROUPED`] takes part in the group commit
    /// ([`super::group_commit`]). Its connection is shared, so the guest cannot use what belongs to
    /// one connection: pragmas, temporary tables, and `changes` and `last_insert_rowid` after the
    /// transaction.
    ///
    /// # Errors
    ///
    /// `Io` with `SQLite`'s text; also when the write lock is not free in time (with `SQLite`'s text
    /// for that), when the rows take more than 128 MiB, and for several statements at once, of which
    /// Spin 4 runs only the first and reports success.
    pub async fn execute(
        &mut self,
        statement: &str,
        parameters: &[Value],
        memory: &mut InstanceMemory,
    ) -> Result<QueryResult, Error> {
        match (statement, self.grouped.take()) {
            (BEGIN_GROUPED, None) if self.can_group() => self.begin_grouped().await?,
            (_, None) => {
                return self.execute_ungrouped(statement, parameters, memory).await;
            }
            ("COMMIT", Some(grouped)) => grouped.commit().await?,
            ("ROLLBACK", Some(grouped)) => grouped.roll_back()?,
            (_, Some(mut grouped)) => {
                let result = run(parameters, || grouped.execute(statement, parameters));
                self.grouped = Some(grouped).filter(|grouped| grouped.connection().is_some());
                return result;
            }
        }
        Ok(QueryResult {
            columns: Vec::new(),
            rows: Vec::new(),
        })
    }

    async fn execute_ungrouped(
        &mut self,
        statement: &str,
        parameters: &[Value],
        memory: &mut InstanceMemory,
    ) -> Result<QueryResult, Error> {
        let may_write = self.may_write(statement)?;
        // Nobody else can see a database in memory.
        let is_shared = self.database.file.is_some();
        if is_shared && self.write_guard.is_none() && may_write {
            let guard = self.database.write_lock.acquire().await;
            self.write_guard = Some(guard.map_err(refused)?);
            self.lent = self.database.reserve.as_ref().and_then(DiskReserve::lend);
        }
        let is_writing = may_write || self.write_guard.is_some();
        let connection = self.open.as_mut().ok_or(Error::InvalidConnection)?;
        let result = match is_writing {
            true => run(parameters, || query(connection, statement, parameters)),
            false => {
                let long = &mut self.long_statements;
                long.read(connection, statement, parameters, memory).await
            }
        };
        let is_free = connection.is_autocommit();
        if result
            .as_ref()
            .is_ok_and(|rows| empties_log(statement, rows))
        {
            self.database.write_lock.log_moved();
        }
        if is_free {
            self.lent = None;
        }
        if is_free && let Some(guard) = self.write_guard.take() {
            guard.committed();
        }
        result
    }

    /// Not inside a transaction, and not in memory, where there is no commit to share.
    fn can_group(&self) -> bool {
        let idle = self.open.as_ref().is_none_or(Connection::is_autocommit);
        idle && self.database.file.is_some()
    }

    async fn begin_grouped(&mut self) -> Result<(), Error> {
        let group = self.database.write_lock.acquire_group().await;
        let mut group = group.map_err(refused)?;
        let reserve = self.database.reserve.as_ref();
        if reserve.is_some_and(DiskReserve::is_needed) {
            group.empty_log().map_err(refused)?;
        }
        let begun = GroupedTransaction::begin(group, || self.database.open_grouped());
        self.grouped = Some(begun?);
        Ok(())
    }

    /// Whether it has the write lock.
    pub fn is_writing(&self) -> bool {
        self.write_guard.is_some() || self.grouped.is_some()
    }

    /// `sqlite3_last_insert_rowid`; 0 before the first statement.
    pub fn last_insert_rowid(&self) -> i64 {
        self.current().map_or(0, Connection::last_insert_rowid)
    }

    /// `sqlite3_changes64`; 0 before the first statement.
    pub fn changes(&self) -> u64 {
        self.current().map_or(0, Connection::changes)
    }

    fn current(&self) -> Option<&Connection> {
        let grouped = self.grouped.as_ref();
        let grouped = grouped.and_then(GroupedTransaction::connection);
        grouped.or(self.open.as_ref())
    }

    fn may_write(&mut self, statement: &str) -> Result<bool, Error> {
        let prepared = self.connection()?.prepare_cached(statement).map_err(io)?;
        Ok(!prepared.readonly())
    }

    fn connection(&mut self) -> Result<&Connection, Error> {
        if self.open.is_none() {
            self.open = Some(self.database.open().map_err(io)?);
        }
        self.open.as_ref().ok_or(Error::InvalidConnection)
    }
}

/// Whether the statement was a checkpoint that moved all of the log.
fn empties_log(statement: &str, result: &QueryResult) -> bool {
    let busy = result.rows.first().and_then(|row| row.values.first());
    statement.contains("wal_checkpoint(TRUNCATE)") && matches!(busy, Some(Value::Integer(0)))
}

fn refused(reason: &str) -> Error {
    Error::Io(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::bindings::spin::sqlite::sqlite::RowResult;
    use super::super::instance_memory::BUDGET;
    use super::super::memory_pool::Pool;
    use super::super::write_lock::WriteLock;
    use super::*;

    struct File {
        database: Arc<GuestDatabase>,
        _folder: tempfile::TempDir,
    }

    fn file() -> File {
        let folder = tempfile::tempdir().unwrap();
        let file = Some(folder.path().join("x.db"));
        let database = Arc::new(GuestDatabase {
            file,
            ..GuestDatabase::default()
        });
        File {
            database,
            _folder: folder,
        }
    }

    async fn run(
        connection: &mut GuestConnection,
        statement: &str,
    ) -> Result<Vec<RowResult>, Error> {
        let mut memory = InstanceMemory::new(usize::MAX, &Pool::new(BUDGET));
        let result = connection.execute(statement, &[], &mut memory).await;
        result.map(|result| result.rows)
    }

    async fn refusal(statement: &str) -> String {
        let mut connection = GuestConnection::new(Arc::default());
        match run(&mut connection, statement).await {
            Err(Error::Io(text)) => text,
            other => panic!("{statement} gave {other:?}"),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_result_over_the_limit_is_refused() {
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 129) \
                    SELECT zeroblob(1048576) FROM n";
        let expected = "query result exceeds limit of 134217728 bytes";
        assert_eq!(refusal(many).await, expected);
    }

    #[tokio::test]
    async fn text_that_is_not_utf8_is_an_error() {
        assert!(
            refusal("SELECT CAST(x'ff' AS TEXT)")
                .await
                .contains("invalid utf-8")
        );
    }

    #[tokio::test]
    async fn several_statements_at_once_are_refused() {
        assert_eq!(
            refusal("SELECT 1; SELECT 2").await,
            "Multiple statements provided"
        );
    }

    #[tokio::test]
    async fn every_connection_without_a_file_has_its_own_database() {
        let memory: Arc<GuestDatabase> = Arc::default();
        let mut one = GuestConnection::new(memory.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        let mut other = GuestConnection::new(memory);
        run(&mut other, "CREATE TABLE t (x)").await.unwrap();
    }

    #[tokio::test]
    async fn a_writer_waits_for_the_transaction_of_another() {
        let file = file();
        let mut one = GuestConnection::new(file.database.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        run(&mut one, "BEGIN IMMEDIATE").await.unwrap();
        let mut other = GuestConnection::new(file.database.clone());
        let waiting =
            tokio::spawn(async move { run(&mut other, "INSERT INTO t VALUES (1)").await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        run(&mut one, "COMMIT").await.unwrap();
        waiting.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_reader_does_not_wait() {
        let file = file();
        let mut writer = GuestConnection::new(file.database.clone());
        run(&mut writer, "CREATE TABLE t (x)").await.unwrap();
        run(&mut writer, "BEGIN IMMEDIATE").await.unwrap();
        let mut reader = GuestConnection::new(file.database.clone());
        assert!(
            run(&mut reader, "SELECT * FROM t")
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn a_dropped_connection_rolls_back_and_releases_the_write_lock() {
        let file = file();
        let mut one = GuestConnection::new(file.database.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        run(&mut one, "BEGIN IMMEDIATE").await.unwrap();
        run(&mut one, "INSERT INTO t VALUES (1)").await.unwrap();
        drop(one);
        let mut other = GuestConnection::new(file.database.clone());
        run(&mut other, "INSERT INTO t VALUES (2)").await.unwrap();
        assert_eq!(run(&mut other, "SELECT * FROM t").await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_grouped_transaction_ends_with_commit_rollback_or_its_connection() {
        let file = file();
        let mut one = GuestConnection::new(file.database.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        for (number, end) in [(1, "COMMIT"), (2, "ROLLBACK"), (3, "COMMIT")] {
            run(&mut one, BEGIN_GROUPED).await.unwrap();
            let insert = format!("INSERT INTO t VALUES ({number})");
            run(&mut one, &insert).await.unwrap();
            assert_eq!(one.changes(), 1);
            run(&mut one, end).await.unwrap();
        }
        let mut other = GuestConnection::new(file.database.clone());
        run(&mut other, BEGIN_GROUPED).await.unwrap();
        run(&mut other, "DELETE FROM t").await.unwrap();
        drop(other);
        assert_eq!(run(&mut one, "SELECT * FROM t").await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn the_grouped_connection_does_not_wait_long_inside_sqlite() {
        let file = file();
        let mut one = GuestConnection::new(file.database.clone());
        run(&mut one, BEGIN_GROUPED).await.unwrap();
        let rows = run(&mut one, "PRAGMA busy_timeout").await.unwrap();
        assert!(matches!(rows[0].values[0], Value::Integer(20)));
    }

    #[tokio::test]
    async fn an_ordinary_writer_waits_for_a_grouped_transaction() {
        let file = file();
        let mut one = GuestConnection::new(file.database.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        run(&mut one, BEGIN_GROUPED).await.unwrap();
        run(&mut one, "INSERT INTO t VALUES (1)").await.unwrap();
        let mut other = GuestConnection::new(file.database.clone());
        let ordinary =
            tokio::spawn(async move { run(&mut other, "INSERT INTO t VALUES (2)").await });
        tokio::task::yield_now().await;
        assert!(!ordinary.is_finished());
        run(&mut one, "COMMIT").await.unwrap();
        ordinary.await.unwrap().unwrap();
        assert_eq!(run(&mut one, "SELECT * FROM t").await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_transaction_cannot_begin_inside_another() {
        let file = file();
        for outer in ["BEGIN", "BEGIN IMMEDIATE", BEGIN_GROUPED] {
            let mut connection = GuestConnection::new(file.database.clone());
            run(&mut connection, outer).await.unwrap();
            let error = run(&mut connection, BEGIN_GROUPED).await.unwrap_err();
            let expected = "cannot start a transaction within a transaction";
            assert!(matches!(error, Error::Io(text) if text == expected));
        }
    }

    #[tokio::test]
    async fn in_memory_a_grouped_transaction_is_an_ordinary_one() {
        let mut connection = GuestConnection::new(Arc::default());
        run(&mut connection, BEGIN_GROUPED).await.unwrap();
        run(&mut connection, "CREATE TABLE t (x)").await.unwrap();
        run(&mut connection, "COMMIT").await.unwrap();
        assert!(
            run(&mut connection, "SELECT * FROM t")
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn a_timeout_of_the_write_lock_is_reported_as_a_locked_database() {
        let file = file();
        let database = GuestDatabase {
            file: file.database.file.clone(),
            write_lock: WriteLock::new(Duration::from_millis(1)),
            reserve: None,
        };
        let _guard = database.write_lock.acquire().await;
        let mut connection = GuestConnection::new(Arc::new(database));
        let error = run(&mut connection, "BEGIN IMMEDIATE").await.unwrap_err();
        assert!(matches!(error, Error::Io(text) if text == "database is locked"));
    }
}
