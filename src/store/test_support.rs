//! A store on a real file, for unit tests.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

use rusqlite::Connection;
use tempfile::TempDir;

use super::database::Database;
use super::device_key::NewKey;
use super::error::Error;
use super::feed::{Entries, PageQuery};
use super::push::PushTo;
use super::row::{Row, Value};
use super::sql::Sql;
use super::sql_error::SqlError;
use super::store::Store;
use crate::domain::key::{Grant, KeyName, KeyText};
use crate::domain::{
    Delete, FilePath, PortablePaths, ProjectId, Push, Put, Rev, Rules, SyncFolders,
};

/// A database file that goes with the test.
pub(crate) struct TestFile {
    folder: TempDir,
}

impl TestFile {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    pub(super) fn connection(&self) -> Connection {
        let connection = Connection::open(self.path()).unwrap();
        // As the server opens it.
        connection
            .pragma_update(None, "secure_delete", true)
            .unwrap();
        connection
    }

    /// Bytes of the write-ahead log.
    pub(super) fn log_bytes(&self) -> u64 {
        let log = self.folder.path().join("test.db-wal");
        std::fs::metadata(log).unwrap().len()
    }

    /// Whether the file or its log has these bytes anywhere.
    pub(super) fn holds(&self, text: &str) -> bool {
        let has = |file: std::io::Result<std::fs::DirEntry>| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        self.folder.path().read_dir().unwrap().any(has)
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(self.connection()).unwrap()
    }

    /// The database as the component opens it.
    pub(crate) fn database(&self) -> Database {
        let path = self.path();
        Database::new(move || {
            let connection = Connection::open(&path);
            Store::open(connection.map_err(|error| Error::Sql(error.into()))?)
        })
    }

    /// A database that notes the statements that run.
    pub(crate) fn recorded(&self, statements: &Statements) -> Database {
        let (path, statements) = (self.path(), statements.clone());
        Database::new(move || {
            let connection = Connection::open(&path);
            Store::open(Recorded {
                connection: connection.map_err(|error| Error::Sql(error.into()))?,
                statements: statements.clone(),
            })
        })
    }

    /// The file, with a project, on a server that manages it. Before that writes without a transaction, `other` may do
    /// something.
    pub(super) fn server(
        &self,
        statements: &Statements,
        other: impl Fn(&Store) + 'static,
    ) -> Server {
        let here = self.store();
        here.push_at(1, &[("a", Some("x"))]);
        Server {
            connection: self.connection(),
            statements: statements.clone(),
            other: Rc::new(move || other(&here)),
        }
    }

    /// The database of [`Self::server`], which can be opened once.
    pub(crate) fn served(
        &self,
        statements: &Statements,
        other: impl Fn(&Store) + 'static,
    ) -> Database {
        let server = RefCell::new(Some(self.server(statements, other)));
        Database::new(move || Ok(Store::open_unchanged(server.take().unwrap())))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }
}

/// Statements that ran.
pub(crate) type Statements = Rc<RefCell<Vec<String>>>;

struct Recorded {
    connection: Connection,
    statements: Statements,
}

impl Sql for Recorded {
    fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        self.statements.borrow_mut().push(statement.to_owned());
        Sql::execute(&self.connection, statement, parameters)
    }
}

/// A server that manages its own file. Before it writes without a transaction, `other` may do something.
pub(super) struct Server {
    pub(super) connection: Connection,
    pub(super) statements: Statements,
    pub(super) other: Rc<dyn Fn()>,
}

impl Sql for Server {
    fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        self.statements.borrow_mut().push(statement.to_owned());
        if statement.starts_with("PRAGMA busy_timeout") {
            return Err(SqlError::Failed("pragmas are not allowed".into()));
        }
        if statement.starts_with("INSERT INTO pushed") && self.connection.is_autocommit() {
            (self.other)();
        }
        Sql::execute(&self.connection, statement, parameters)
    }
}

/// A server that fails statements which begin like this, as often as requested.
pub(super) struct Failing {
    pub(super) connection: Connection,
    pub(super) begins: &'static str,
    pub(super) left: Rc<Cell<u32>>,
    pub(super) error: fn() -> SqlError,
}

impl Sql for Failing {
    fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        if statement.starts_with(self.begins) && self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            // As SQLite does where a statement writes.
            if self.begins != "SELECT" && !self.connection.is_autocommit() {
                self.connection.execute_batch("ROLLBACK").unwrap();
            }
            return Err((self.error)());
        }
        Sql::execute(&self.connection, statement, parameters)
    }
}

/// Makes a key of a device that may do everything.
pub(crate) fn add_device(file: &TestFile) -> String {
    file.store().add_device_key(&owner_key(), 0).unwrap();
    owner_key_text().to_string()
}

/// The first changes.
pub(super) const ALL: PageQuery = PageQuery {
    since: 0,
    limit: 10,
    max_bytes: Some(100),
    entries: Entries::All,
};

/// Anything, up to 1000 files.
pub(crate) fn rules() -> Rules {
    Rules {
        max_files: 1000,
        folders: SyncFolders::Any,
        portable_paths: PortablePaths::Report,
    }
}

pub(crate) fn id() -> ProjectId {
    ProjectId::parse("test".to_owned()).unwrap()
}

pub(super) fn path(text: &str) -> FilePath {
    FilePath::parse(text).unwrap()
}

pub(super) fn put(at: &str, content: &str) -> Put {
    Put::new(path(at), 0, None, content.into())
}

/// A key that may do everything.
pub(super) fn owner_key() -> NewKey {
    let text = owner_key_text();
    NewKey {
        id: text.id.clone(),
        name: KeyName::parse("laptop").unwrap(),
        grant: Grant::OWNER,
        hash: text.hash(),
    }
}

fn owner_key_text() -> KeyText {
    KeyText::generate(|| 7)
}

/// A push of `path` with `content`, or of its deletion.
pub(crate) fn push(entries: &[(&str, Option<&str>)]) -> Push {
    let mut push = Push::default();
    for (at, content) in entries {
        match content {
            Some(content) => push.puts.push(put(at, content)),
            None => push.deletes.push(Delete {
                path: path(at),
                base: None,
            }),
        }
    }
    push
}

impl Store {
    /// Pushes at a time of day and returns the revs of all paths.
    pub(crate) fn push_at(&self, now_us: Rev, entries: &[(&str, Option<&str>)]) -> Vec<Rev> {
        let push = push(entries);
        let applied = self
            .write(|store| store.push(&push, &PushTo::new(&id(), now_us, &rules())))
            .unwrap();
        applied.outcomes.iter().filter_map(|o| o.rev).collect()
    }

    /// Adds an empty file for each of some numbers, whose path is the pattern with the number in it.
    pub(super) fn add_files(&self, pattern: &str, numbers: Range<i64>) {
        let parameters = [pattern.into(), numbers.start.into(), numbers.end.into()];
        let insert = "WITH RECURSIVE more (n) AS (SELECT ?2 UNION ALL SELECT n + 1 FROM more WHERE n + 1 < ?3)
            INSERT INTO version (project, rev, path, checksum, size, modified, tag)
            SELECT number, head + 1 + n, printf(?1, n), zeroblob(32), 0, 0, 0 FROM more CROSS JOIN project";
        self.execute(insert, parameters).unwrap();
    }

    /// Fails if a statement reads a whole table or index, other than its own subqueries and what `may_scan`
    /// names as the statement does.
    pub(super) fn assert_seeks(&self, statement: &str, parameters: usize, may_scan: &[&str]) {
        let explain = format!("EXPLAIN QUERY PLAN {statement}");
        let plan = self.execute(&explain, vec![Value::Null; parameters]);
        for row in plan.unwrap() {
            let line = row.text(3).unwrap();
            let scanned = line
                .strip_prefix("SCAN ")
                .and_then(|of| of.split(' ').next());
            let is_fine =
                |of: &str| of.starts_with('(') || of == "CONSTANT" || may_scan.contains(&of);
            assert!(scanned.is_none_or(is_fine), "{line}: {statement}");
        }
    }
}
