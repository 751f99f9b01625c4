//! The database behind a label, and how a connection to it is opened for a guest, with what the
//! guest may not do (`crates/sqlite-inproc/src/lib.rs`).

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::deadline;
use super::log_watch::MAX_KEPT_LOG;
use super::write_lock::WriteLock;
use crate::database::disk_reserve::DiskReserve;

/// Prepared statements that a connection caches; the component has fewer.
const STATEMENT_CACHE: usize = 64;
/// Kibibytes of pages that the connection of the group commit caches: enough for the indexes of some
/// ten thousand files, which every push reads.
const GROUP_PAGE_CACHE: i64 = 16 << 10;
/// How long the connection of the group commit waits for a writer of another process.
const GROUP_BUSY_TIMEOUT: Duration = Duration::from_millis(20);

/// Pragmas that apply to the whole process and not only to a connection.
const PROCESS_PRAGMAS: [&str; 4] = [
    "data_store_directory",
    "hard_heap_limit",
    "soft_heap_limit",
    "temp_store_directory",
];

#[derive(Debug, Default)]
pub struct GuestDatabase {
    /// Absolute. Without a file, every connection has an empty database of its own in memory, as on
    /// Spin.
    pub file: Option<PathBuf>,
    pub write_lock: WriteLock,
    /// For transactions on a connection of their own, as those that delete are.
    pub reserve: Option<DiskReserve>,
    /// Whether the file was seen in WAL mode, which it keeps.
    pub is_wal: AtomicBool,
}

impl GuestDatabase {
    /// Whether readers and the writer wait for each other inside SQLite, as they do until the first migration has switched a
    /// new file to WAL mode.
    pub fn readers_wait(&self) -> bool {
        self.file.is_some() && !self.is_wal.load(Relaxed)
    }

    /// Finds out whether they do; with the write lock.
    pub fn look_for_wal(&self, connection: &Connection) -> rusqlite::Result<()> {
        // Only when it reads the file, a connection sees what another has done.
        let _: i64 = connection.pragma_query_value(None, "schema_version", |row| row.get(0))?;
        let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
        self.is_wal.store(mode == "wal", Relaxed);
        Ok(())
    }

    pub fn open(&self) -> rusqlite::Result<Connection> {
        let mut connection = match &self.file {
            Some(file) => self.write_lock.open(file),
            None => Connection::open_in_memory(),
        }?;
        connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
        // Without it, a new value for the parameter of a LIMIT makes SQLite compile the statement again.
        connection.set_db_config(SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.pragma_update(None, "journal_size_limit", MAX_KEPT_LOG)?;
        // Where SQLite moves content, it leaves no copy behind; what is purged is gone from everywhere.
        connection.pragma_update(None, "secure_delete", true)?;
        connection.authorizer(Some(authorize))?;
        deadline::watch(&mut connection)?;
        Ok(connection)
    }

    /// A number that changes when another connection than that of the group commit has written;
    /// `None` when it cannot be told now.
    pub async fn data_version(&self) -> Option<i64> {
        self.file.as_ref()?;
        let mut group = self.write_lock.acquire_group().await.ok()?;
        let version = group.data_version(|| self.open_grouped());
        version
            .inspect_err(|error| tracing::debug!(%error, "the database does not tell its version"))
            .ok()
    }

    /// Opens the connection of the group commit.
    pub fn open_grouped(&self) -> rusqlite::Result<Connection> {
        let mut connection = self.open()?;
        self.write_lock.attach_to_group(&mut connection)?;
        connection.pragma_update(None, "cache_size", -GROUP_PAGE_CACHE)?;
        // A wait inside SQLite would block all writers; the guest tries again instead.
        connection.busy_timeout(GROUP_BUSY_TIMEOUT)?;
        Ok(connection)
    }
}

/// Lets a guest attach temporary and in-memory databases but no file, and set pragmas of its
/// connection but none of the process.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => {
            Authorization::Deny
        }
        AuthAction::Pragma { pragma_name, .. }
            if PROCESS_PRAGMAS.contains(&&*pragma_name.to_lowercase()) =>
        {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::super::bindings::spin::sqlite::sqlite::Error;
    use super::super::query::query;
    use super::*;

    fn run(statement: &str) -> Result<(), Error> {
        let connection = GuestDatabase::default().open().unwrap();
        query(&connection, statement, &[]).map(drop)
    }

    fn refusal(statement: &str) -> String {
        match run(statement) {
            Err(Error::Io(text)) => text,
            other => panic!("{statement} gave {other:?}"),
        }
    }

    #[test]
    fn attaching_a_file_is_refused() {
        assert_eq!(refusal("ATTACH '/tmp/other.db' AS o"), "not authorized");
        run("ATTACH ':memory:' AS o").unwrap();
    }

    #[test]
    fn vacuum_into_a_file_is_refused() {
        assert_eq!(
            refusal("VACUUM INTO '/tmp/other.db'"),
            "authorization denied"
        );
    }

    #[test]
    fn a_pragma_of_the_whole_process_is_refused() {
        for statement in [
            "PRAGMA temp_store_directory = '/tmp'",
            "PRAGMA Hard_Heap_Limit = 1000000",
        ] {
            assert_eq!(refusal(statement), "not authorized");
        }
    }

    #[test]
    fn the_log_shrinks_when_a_long_reader_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let database = GuestDatabase {
            file: Some(folder.path().join("x.db")),
            ..GuestDatabase::default()
        };
        let (reader, writer) = (database.open().unwrap(), database.open().unwrap());
        let run = |connection: &Connection, statement: &str| {
            query(connection, statement, &[]).unwrap();
        };
        run(&writer, "PRAGMA journal_mode = WAL");
        run(&writer, "CREATE TABLE t (x)");
        run(&reader, "BEGIN");
        run(&reader, "SELECT * FROM t");
        let write = || run(&writer, "INSERT INTO t VALUES (zeroblob(5000000))");
        (0..8).for_each(|_| write());
        let log = || {
            let log = folder.path().join("x.db-wal");
            std::fs::metadata(log).unwrap().len()
        };
        assert!(log() > 2 * MAX_KEPT_LOG as u64);
        run(&reader, "ROLLBACK");
        (0..2).for_each(|_| write());
        assert!(log() <= MAX_KEPT_LOG as u64, "{}", log());
    }

    #[test]
    fn a_cached_statement_is_not_compiled_again_for_other_parameters() {
        let connection = GuestDatabase::default().open().unwrap();
        let sql = "SELECT value FROM json_each('[1, 2, 3]') WHERE value > ?1 LIMIT ?2";
        let mut statement = connection.prepare_cached(sql).unwrap();
        for parameters in [[0, 1], [1, 2]] {
            statement.query_row(parameters, |_row| Ok(())).unwrap();
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
