//! A connection to a `SQLite` database as Spin gives it to a component
//! (`crates/sqlite-inproc/src/lib.rs`).
//!
//! Statements run on the calling thread, not on a blocking one: with the writers queued
//! ([`super::write_lock`]), none of them waits inside `SQLite` for another of this process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kamiflow_sync_component::store::BEGIN_JOINTLY;
use rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::bindings::spin::sqlite::sqlite::{Error, QueryResult, Value};
use super::group_commit::Transaction;
use super::query::{io, query};
use super::write_lock::{Turn, WriterQueue};

/// Statements that a connection keeps prepared; more than a component has.
const STATEMENT_CACHE: usize = 64;

/// A database by its place. Without a path, every connection gets an empty database of its
/// own in memory, as on Spin.
#[derive(Debug, Default)]
pub struct Database {
    /// Absolute path of the file.
    pub path: Option<PathBuf>,
    /// The writers of that file.
    pub writers: WriterQueue,
}

/// One connection. Dropping it rolls an open transaction back and then lets the next
/// writer in.
#[derive(Debug)]
pub struct Connection {
    database: Arc<Database>,
    // The order of these two is the order of their dropping.
    open: Option<rusqlite::Connection>,
    turn: Option<Turn>,
    /// The transaction under way on the joint connection.
    joint: Option<Transaction>,
}

impl Connection {
    /// A connection that opens the database with its first statement, as Spin's does.
    pub fn new(database: Arc<Database>) -> Self {
        Self {
            database,
            open: None,
            turn: None,
            joint: None,
        }
    }

    /// Runs one statement and returns all of its rows.
    ///
    /// A statement that may write waits for its turn first and keeps it until the
    /// connection is out of a transaction again; others never wait.
    ///
    /// A transaction that begins with [`BEGIN_JOINTLY`] is committed together with others
    /// ([`super::group_commit`]). It runs on a connection that others use too, so its guest gives up
    /// what belongs to a connection: pragmas, temporary tables, and what `changes` and
    /// `last_insert_rowid` say after its end.
    ///
    /// # Errors
    ///
    /// `Io` with `SQLite`'s text; also for a turn that does not come in time (the text is
    /// `SQLite`'s for that), a result over 128 MiB, and a string of several statements,
    /// of which Spin 4 runs only the first and reports success.
    pub async fn execute(
        &mut self,
        statement: &str,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        match (statement, self.joint.take()) {
            (BEGIN_JOINTLY, None) if self.may_join() => self.begin_jointly().await?,
            (_, None) => return self.execute_alone(statement, parameters).await,
            ("COMMIT", Some(joint)) => joint.commit().await?,
            ("ROLLBACK", Some(joint)) => drop(joint),
            (_, Some(mut joint)) => {
                let result = joint.execute(statement, parameters);
                self.joint = Some(joint).filter(|joint| joint.connection().is_some());
                return result;
            }
        }
        Ok(QueryResult {
            columns: Vec::new(),
            rows: Vec::new(),
        })
    }

    async fn execute_alone(
        &mut self,
        statement: &str,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        if self.turn.is_none() && self.may_write(statement)? {
            let turn = self.database.writers().turn().await;
            self.turn = Some(turn.ok_or_else(locked)?);
        }
        let connection = self.connection()?;
        let result = query(connection, statement, parameters);
        if connection.is_autocommit() {
            self.turn = None;
        }
        result
    }

    /// Not inside a transaction, and not on a database that nobody else can see.
    fn may_join(&self) -> bool {
        let idle = self
            .open
            .as_ref()
            .is_none_or(rusqlite::Connection::is_autocommit);
        idle && self.database.path.is_some()
    }

    async fn begin_jointly(&mut self) -> Result<(), Error> {
        let turn = self
            .database
            .writers
            .joint_turn()
            .await
            .ok_or_else(locked)?;
        self.joint = Some(Transaction::begin(turn, || open_joint(&self.database))?);
        Ok(())
    }

    /// See `sqlite3_last_insert_rowid`; 0 before the first statement.
    pub fn last_insert_rowid(&self) -> i64 {
        self.current()
            .map_or(0, rusqlite::Connection::last_insert_rowid)
    }

    /// See `sqlite3_changes64`; 0 before the first statement.
    pub fn changes(&self) -> u64 {
        self.current().map_or(0, rusqlite::Connection::changes)
    }

    fn current(&self) -> Option<&rusqlite::Connection> {
        let joint = self.joint.as_ref().and_then(Transaction::connection);
        joint.or(self.open.as_ref())
    }

    fn may_write(&mut self, statement: &str) -> Result<bool, Error> {
        let prepared = self.connection()?.prepare_cached(statement).map_err(io)?;
        Ok(!prepared.readonly())
    }

    fn connection(&mut self) -> Result<&rusqlite::Connection, Error> {
        if self.open.is_none() {
            self.open = Some(open(&self.database).map_err(io)?);
        }
        self.open.as_ref().ok_or(Error::InvalidConnection)
    }
}

impl Database {
    /// The queue of this database's writers.
    fn writers(&self) -> WriterQueue {
        match self.path {
            Some(_) => self.writers.clone(),
            // Every connection to a database in memory is the only one.
            None => WriterQueue::default(),
        }
    }
}

/// Kibibytes of pages that the joint connection keeps: those of the indexes of some ten thousand
/// files, which every push looks into.
const JOINT_CACHE: i64 = 16 << 10;

/// How long the joint connection waits for another program that writes.
const JOINT_PATIENCE: Duration = Duration::from_millis(20);

fn open_joint(database: &Database) -> rusqlite::Result<rusqlite::Connection> {
    let connection = open(database)?;
    connection.pragma_update(None, "cache_size", -JOINT_CACHE)?;
    // Whoever waits inside SQLite holds everybody up; the guest looks again.
    connection.busy_timeout(JOINT_PATIENCE)?;
    Ok(connection)
}

/// A turn that does not come reads like `SQLite`'s own patience at its end.
fn locked() -> Error {
    Error::Io("database is locked".to_owned())
}

fn open(database: &Database) -> rusqlite::Result<rusqlite::Connection> {
    let mut connection = match &database.path {
        Some(path) => rusqlite::Connection::open(path),
        None => rusqlite::Connection::open_in_memory(),
    }?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    // Without it, a new value for the parameter of a LIMIT makes SQLite compile the statement again.
    connection.set_db_config(SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.authorizer(Some(authorize))?;
    Ok(connection)
}

/// Pragmas of the whole process and not of a connection: a guest that sets one reaches everybody.
const PRAGMAS_OF_THE_PROCESS: [&str; 4] = [
    "data_store_directory",
    "hard_heap_limit",
    "soft_heap_limit",
    "temp_store_directory",
];

/// Lets a guest attach temporary and in-memory databases, but no file, and change its
/// connection, but not the process.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => {
            Authorization::Deny
        }
        AuthAction::Pragma { pragma_name, .. }
            if PRAGMAS_OF_THE_PROCESS.contains(&&*pragma_name.to_lowercase()) =>
        {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::super::bindings::spin::sqlite::sqlite::RowResult;
    use super::*;

    struct File {
        database: Arc<Database>,
        _folder: tempfile::TempDir,
    }

    fn file() -> File {
        let folder = tempfile::tempdir().unwrap();
        let path = Some(folder.path().join("x.db"));
        let database = Arc::new(Database {
            path,
            writers: WriterQueue::default(),
        });
        File {
            database,
            _folder: folder,
        }
    }

    async fn run(connection: &mut Connection, statement: &str) -> Result<Vec<RowResult>, Error> {
        let result = connection.execute(statement, vec![]).await;
        result.map(|result| result.rows)
    }

    async fn refusal(statement: &str) -> String {
        let mut connection = Connection::new(Arc::default());
        match run(&mut connection, statement).await {
            Err(Error::Io(text)) => text,
            other => panic!("{statement} gave {other:?}"),
        }
    }

    #[tokio::test]
    async fn attaching_a_file_is_refused() {
        assert_eq!(
            refusal("ATTACH '/tmp/other.db' AS o").await,
            "not authorized"
        );
        let mut connection = Connection::new(Arc::default());
        run(&mut connection, "ATTACH ':memory:' AS o")
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn vacuum_into_a_file_is_refused() {
        assert_eq!(
            refusal("VACUUM INTO '/tmp/other.db'").await,
            "authorization denied"
        );
    }

    #[tokio::test]
    async fn a_setting_of_the_whole_process_is_refused() {
        for statement in [
            "PRAGMA temp_store_directory = '/tmp'",
            "PRAGMA Hard_Heap_Limit = 1000000",
        ] {
            assert_eq!(refusal(statement).await, "not authorized");
        }
    }

    #[tokio::test]
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

    #[test]
    fn a_kept_statement_is_not_compiled_again_for_other_parameters() {
        let connection = open(&Database::default()).unwrap();
        let sql = "SELECT value FROM json_each('[1, 2, 3]') WHERE value > ?1 LIMIT ?2";
        let mut statement = connection.prepare_cached(sql).unwrap();
        for parameters in [[0, 1], [1, 2]] {
            statement.query_row(parameters, |_row| Ok(())).unwrap();
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }

    #[tokio::test]
    async fn every_connection_without_a_path_has_its_own_database() {
        let memory: Arc<Database> = Arc::default();
        let mut one = Connection::new(memory.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        let mut other = Connection::new(memory);
        run(&mut other, "CREATE TABLE t (x)").await.unwrap();
    }

    #[tokio::test]
    async fn a_writer_waits_for_the_transaction_of_another() {
        let file = file();
        let mut one = Connection::new(file.database.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        run(&mut one, "BEGIN IMMEDIATE").await.unwrap();
        let mut other = Connection::new(file.database.clone());
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
        let mut writer = Connection::new(file.database.clone());
        run(&mut writer, "CREATE TABLE t (x)").await.unwrap();
        run(&mut writer, "BEGIN IMMEDIATE").await.unwrap();
        let mut reader = Connection::new(file.database.clone());
        assert!(
            run(&mut reader, "SELECT * FROM t")
                .await
                .unwrap()
                .is_empty()
        );
    }

    #[tokio::test]
    async fn a_connection_dropped_mid_transaction_rolls_back_and_lets_the_next_in() {
        let file = file();
        let mut one = Connection::new(file.database.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        run(&mut one, "BEGIN IMMEDIATE").await.unwrap();
        run(&mut one, "INSERT INTO t VALUES (1)").await.unwrap();
        drop(one);
        let mut other = Connection::new(file.database.clone());
        run(&mut other, "INSERT INTO t VALUES (2)").await.unwrap();
        assert_eq!(run(&mut other, "SELECT * FROM t").await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn a_joint_transaction_ends_with_commit_rollback_or_its_connection() {
        let file = file();
        let mut one = Connection::new(file.database.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        for (number, end) in [(1, "COMMIT"), (2, "ROLLBACK"), (3, "COMMIT")] {
            run(&mut one, BEGIN_JOINTLY).await.unwrap();
            let insert = format!("INSERT INTO t VALUES ({number})");
            run(&mut one, &insert).await.unwrap();
            assert_eq!(one.changes(), 1);
            run(&mut one, end).await.unwrap();
        }
        let mut other = Connection::new(file.database.clone());
        run(&mut other, BEGIN_JOINTLY).await.unwrap();
        run(&mut other, "DELETE FROM t").await.unwrap();
        drop(other);
        assert_eq!(run(&mut one, "SELECT * FROM t").await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn the_joint_connection_does_not_wait_inside_sqlite_for_long() {
        let file = file();
        let mut one = Connection::new(file.database.clone());
        run(&mut one, BEGIN_JOINTLY).await.unwrap();
        let rows = run(&mut one, "PRAGMA busy_timeout").await.unwrap();
        assert!(matches!(rows[0].values[0], Value::Integer(20)));
    }

    #[tokio::test]
    async fn who_writes_alone_waits_for_a_joint_transaction() {
        let file = file();
        let mut one = Connection::new(file.database.clone());
        run(&mut one, "CREATE TABLE t (x)").await.unwrap();
        run(&mut one, BEGIN_JOINTLY).await.unwrap();
        run(&mut one, "INSERT INTO t VALUES (1)").await.unwrap();
        let mut other = Connection::new(file.database.clone());
        let alone = tokio::spawn(async move { run(&mut other, "INSERT INTO t VALUES (2)").await });
        tokio::task::yield_now().await;
        assert!(!alone.is_finished());
        run(&mut one, "COMMIT").await.unwrap();
        alone.await.unwrap().unwrap();
        assert_eq!(run(&mut one, "SELECT * FROM t").await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn no_transaction_begins_inside_another() {
        let file = file();
        for outer in ["BEGIN", "BEGIN IMMEDIATE", BEGIN_JOINTLY] {
            let mut connection = Connection::new(file.database.clone());
            run(&mut connection, outer).await.unwrap();
            let error = run(&mut connection, BEGIN_JOINTLY).await.unwrap_err();
            let expected = "cannot start a transaction within a transaction";
            assert!(matches!(error, Error::Io(text) if text == expected));
        }
    }

    #[tokio::test]
    async fn a_database_in_memory_has_no_others_to_commit_with() {
        let mut connection = Connection::new(Arc::default());
        run(&mut connection, BEGIN_JOINTLY).await.unwrap();
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
    async fn a_turn_that_does_not_come_reads_like_a_locked_database() {
        let file = file();
        let database = Database {
            path: file.database.path.clone(),
            writers: WriterQueue::new(Duration::from_millis(1)),
        };
        let _turn = database.writers.turn().await;
        let mut connection = Connection::new(Arc::new(database));
        let error = run(&mut connection, "BEGIN IMMEDIATE").await.unwrap_err();
        assert!(matches!(error, Error::Io(text) if text == "database is locked"));
    }
}
