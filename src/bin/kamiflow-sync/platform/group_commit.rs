//! Group commit: transactions of several guests in one commit.
//!
//! A commit waits for the disk, and it makes the page caches of all other connections stale. So
//! transactions that begin with [`BEGIN_GROUPED`] write on one connection, one after the other. A
//! finished transaction lets queued writers run; the first finished one to get the lock back commits
//! for all. While there is uncommitted work of others, a transaction is a savepoint, so that it can
//! fail alone.
//!
//! To everybody else the group is one transaction: none of it is visible before it is committed,
//! and no commit is acknowledged before it is on the disk. If the commit fails, it fails for the
//! whole group. A guest that rolls back has seen the work of the transactions before its own and may
//! tell its client about it, as a conflict does: so that work is committed first.
//!
//! A long log is moved into the file after the answers to a commit, on a thread that serves nobody.
//! Meanwhile others read their requests; only the next writer waits for it.
//!
//! [`BEGIN_GROUPED`]: kamiflow_sync_component::store::BEGIN_GROUPED

use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::bindings::spin::sqlite::sqlite::{Error, QueryResult, Value};
use super::log_id::LogId;
use super::query::{io, query};

type CommitResult = Result<(), Error>;

/// The connection of the group, and the transactions that wait for its commit.
#[derive(Debug, Default)]
pub struct GroupCommit {
    connection: Option<Connection>,
    /// Transactions whose work is in the open transaction. While no guest has the lock, a
    /// transaction is open exactly when this is not empty.
    finished: Vec<oneshot::Sender<CommitResult>>,
    log: Option<LogId>,
}

impl GroupCommit {
    pub fn with_log(log: LogId) -> Self {
        Self {
            log: Some(log),
            ..Self::default()
        }
    }

    /// Before a transaction: lets its log begin with an id, unless one is open already.
    ///
    /// # Errors
    ///
    /// A text for the guest when nothing may be written.
    pub fn begin_log(&mut self) -> Result<(), &'static str> {
        match &mut self.log {
            Some(log) if self.finished.is_empty() => log.begin(),
            _ => Ok(()),
        }
    }

    /// After a commit, before it is acknowledged: records that the log has it.
    pub fn record_log(&mut self) {
        if let Some(log) = &mut self.log {
            log.record();
        }
    }

    /// Commits the finished transactions, if there are any.
    pub fn commit_finished(&mut self) {
        if !self.finished.is_empty() {
            let result = self.run("COMMIT");
            self.record_log();
            self.report(result);
        }
    }

    /// `SQLite`'s `data_version` of the connection, which changes when another one has committed.
    pub fn data_version(
        &mut self,
        open: impl FnOnce() -> rusqlite::Result<Connection>,
    ) -> Option<i64> {
        self.connect(open).ok()?;
        let connection = self.connection.as_ref()?;
        let version = connection.pragma_query_value(None, "data_version", |row| row.get(0));
        version.ok()
    }

    /// Pages of the file without data; `None` when it cannot be told now.
    pub fn free_pages(
        &mut self,
        open: impl FnOnce() -> rusqlite::Result<Connection>,
    ) -> Option<i64> {
        self.connect(open).ok()?;
        let connection = self.connection.as_ref()?;
        let free = connection.pragma_query_value(None, "freelist_count", |row| row.get(0));
        free.ok()
    }

    /// Cuts so many free pages off the file. Returns how many are left; `None` when others have work
    /// that is not committed, or the disk is full.
    pub fn give_back(&mut self, pages: i64) -> Option<i64> {
        if !self.finished.is_empty() {
            return None;
        }
        self.run(&format!("PRAGMA incremental_vacuum({pages})"))
            .ok()?;
        self.record_log();
        if self.has_long_log() {
            self.move_log();
        }
        self.free_pages(|| Err(rusqlite::Error::InvalidQuery))
    }

    /// Moves the log into the file, so that it does not grow. What cannot be moved now stays in it.
    ///
    /// # Errors
    ///
    /// Those of [`Self::begin_log`].
    pub fn empty_log(&mut self) -> Result<(), &'static str> {
        if !self.finished.is_empty() {
            return Ok(());
        }
        _ = self.run("PRAGMA wal_checkpoint(PASSIVE)");
        if let Some(log) = &self.log {
            log.moved();
        }
        self.begin_log()
    }

    /// Lets the next writer begin, once a long log is moved into the file.
    fn release(group: OwnedMutexGuard<Self>) {
        // Without a runtime the program ends, and the last connection moves it.
        if group.has_long_log()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn_blocking(move || group.move_log());
        }
    }

    fn has_long_log(&self) -> bool {
        self.log.as_ref().is_some_and(LogId::is_long)
    }

    fn move_log(&self) {
        if let (Some(log), Some(connection)) = (&self.log, &self.connection) {
            log.move_by(connection);
        }
    }

    fn connect(&mut self, open: impl FnOnce() -> rusqlite::Result<Connection>) -> CommitResult {
        if self.connection.is_none() {
            self.connection = Some(open().map_err(io)?);
        }
        Ok(())
    }

    fn begin(&mut self, open: impl FnOnce() -> rusqlite::Result<Connection>) -> CommitResult {
        self.connect(open)?;
        self.run(match self.finished.is_empty() {
            true => "BEGIN IMMEDIATE",
            false => "SAVEPOINT guest",
        })
    }

    /// Leaves the work of a transaction to the commit of the group.
    fn finish(&mut self) -> oneshot::Receiver<CommitResult> {
        let released = match self.finished.is_empty() {
            true => Ok(()),
            false => self.run("RELEASE guest"),
        };
        let (sender, receiver) = oneshot::channel();
        self.finished.push(sender);
        if released.is_err() {
            self.report(released);
        }
        receiver
    }

    fn roll_back(&mut self) {
        let rolled_back = match self.finished.is_empty() {
            true => self.run("ROLLBACK"),
            false => self
                .run("ROLLBACK TO guest")
                .and_then(|()| self.run("RELEASE guest")),
        };
        match rolled_back {
            Ok(()) => self.commit_finished(),
            Err(_) => self.report(rolled_back),
        }
    }

    /// Reports the result to all finished transactions. After a failure the connection is closed,
    /// which rolls back what was not committed.
    fn report(&mut self, result: CommitResult) {
        if result.is_err() {
            self.connection = None;
        }
        for sender in self.finished.drain(..) {
            // The guest may have been dropped.
            _ = sender.send(result.clone());
        }
    }

    fn run(&self, statement: &str) -> CommitResult {
        self.query(statement, &[]).map(drop)
    }

    fn query(&self, statement: &str, parameters: &[Value]) -> Result<QueryResult, Error> {
        let connection = self.connection.as_ref().ok_or(Error::InvalidConnection)?;
        query(connection, statement, parameters)
    }

    fn in_transaction(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| !connection.is_autocommit())
    }
}

/// The transaction of one guest. Dropping it rolls it back, and commits those before it.
#[derive(Debug)]
pub struct GroupedTransaction(Option<OwnedMutexGuard<GroupCommit>>);

impl GroupedTransaction {
    /// Begins on the connection of the group, which `open` opens if there is none.
    pub fn begin(
        mut group: OwnedMutexGuard<GroupCommit>,
        open: impl FnOnce() -> rusqlite::Result<Connection>,
    ) -> Result<Self, Error> {
        group.begin(open)?;
        Ok(Self(Some(group)))
    }

    /// `None` when the transaction has ended.
    pub fn connection(&self) -> Option<&Connection> {
        self.0.as_ref()?.connection.as_ref()
    }

    /// Runs one statement.
    ///
    /// An error such as a full disk makes `SQLite` roll back everything, so it fails the whole group
    /// and ends this transaction. The same happens when a guest ends it with other statements than
    /// `COMMIT` and `ROLLBACK`.
    pub fn execute(&mut self, statement: &str, parameters: &[Value]) -> Result<QueryResult, Error> {
        let group = self.0.as_mut().ok_or(Error::InvalidConnection)?;
        let result = group.query(statement, parameters);
        if !group.in_transaction() {
            let ended = Error::Io("another guest ended the grouped transaction".to_owned());
            group.report(Err(result.as_ref().err().cloned().unwrap_or(ended)));
            self.0 = None;
        }
        result
    }

    /// Returns when the work is on the disk, or with the error for which none of the group is.
    pub async fn commit(mut self) -> CommitResult {
        let mut group = self.0.take().ok_or(Error::InvalidConnection)?;
        let mut result = group.finish();
        let lock = OwnedMutexGuard::mutex(&group).clone();
        drop(group);
        let received = tokio::select! {
            biased;
            received = &mut result => received,
            mut group = lock.lock_owned() => {
                group.commit_finished();
                GroupCommit::release(group);
                result.await
            }
        };
        received.unwrap_or(Err(Error::InvalidConnection))
    }
}

impl Drop for GroupedTransaction {
    fn drop(&mut self) {
        if let Some(mut group) = self.0.take() {
            group.roll_back();
            GroupCommit::release(group);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    use tokio::runtime::Builder;
    use tokio::sync::Mutex;
    use tokio::task::{JoinHandle, spawn_blocking, yield_now};

    use super::super::write_lock::WriteLock;
    use super::*;

    struct File {
        group: Arc<Mutex<GroupCommit>>,
        reader: Connection,
        folder: tempfile::TempDir,
    }

    fn open(folder: &tempfile::TempDir) -> Connection {
        Connection::open(folder.path().join("x.db")).unwrap()
    }

    fn file() -> File {
        let folder = tempfile::tempdir().unwrap();
        let reader = open(&folder);
        let tables = "PRAGMA journal_mode = WAL; CREATE TABLE t (x)";
        reader.execute_batch(tables).unwrap();
        File {
            group: Arc::default(),
            reader,
            folder,
        }
    }

    impl File {
        async fn begin(&self) -> GroupedTransaction {
            let group = self.group.clone().lock_owned().await;
            GroupedTransaction::begin(group, || Ok(open(&self.folder))).unwrap()
        }

        async fn insert(&self, number: i64) -> GroupedTransaction {
            let mut transaction = self.begin().await;
            insert(&mut transaction, number);
            transaction
        }

        /// What other connections see.
        fn stored(&self) -> Vec<i64> {
            let mut select = self.reader.prepare("SELECT x FROM t ORDER BY x").unwrap();
            let rows = select.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        }
    }

    fn insert(transaction: &mut GroupedTransaction, number: i64) {
        let number = &[Value::Integer(number)];
        let inserted = transaction.execute("INSERT INTO t VALUES (?)", number);
        inserted.unwrap();
    }

    /// Starts to commit `one` while another transaction is waiting for the lock. Returns the commit,
    /// and the other transaction, which has begun.
    async fn commit_with_next(
        file: &File,
        one: GroupedTransaction,
    ) -> (JoinHandle<CommitResult>, GroupedTransaction) {
        let waiting = tokio::spawn(file.group.clone().lock_owned());
        yield_now().await;
        let committing = tokio::spawn(one.commit());
        let next = waiting.await.unwrap();
        let next = GroupedTransaction::begin(next, || unreachable!()).unwrap();
        (committing, next)
    }

    #[tokio::test]
    async fn a_single_transaction_is_committed_at_once() {
        let file = file();
        let transaction = file.insert(1).await;
        assert!(file.stored().is_empty());
        transaction.commit().await.unwrap();
        assert_eq!(file.stored(), [1]);
    }

    #[tokio::test]
    async fn a_commit_is_neither_visible_nor_acknowledged_before_the_group_is_committed() {
        let file = file();
        let (one, mut two) = commit_with_next(&file, file.insert(1).await).await;
        insert(&mut two, 2);
        assert!(!one.is_finished());
        assert!(file.stored().is_empty());
        two.commit().await.unwrap();
        one.await.unwrap().unwrap();
        assert_eq!(file.stored(), [1, 2]);
    }

    #[tokio::test]
    async fn a_rollback_undoes_only_its_own_transaction() {
        let file = file();
        let (one, mut two) = commit_with_next(&file, file.insert(1).await).await;
        insert(&mut two, 2);
        drop(two);
        one.await.unwrap().unwrap();
        assert_eq!(file.stored(), [1]);
        drop(file.insert(3).await);
        assert_eq!(file.stored(), [1]);
    }

    #[tokio::test]
    async fn a_rollback_commits_the_work_that_it_has_seen() {
        let file = file();
        let (one, mut two) = commit_with_next(&file, file.insert(1).await).await;
        let seen = two.execute("SELECT x FROM t", &[]).unwrap();
        assert_eq!(seen.rows.len(), 1);
        drop(two);
        assert_eq!(file.stored(), [1]);
        one.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_finished_transaction_does_not_wait_for_later_ones() {
        let file = file();
        let (one, two) = commit_with_next(&file, file.insert(1).await).await;
        let later = tokio::spawn(file.group.clone().lock_owned());
        // The transaction between them takes long, and is then rolled back.
        for _ in 0..1000 {
            yield_now().await;
        }
        assert!(!one.is_finished());
        drop(two);
        let _lock = later.await.unwrap();
        one.await.unwrap().unwrap();
        assert_eq!(file.stored(), [1]);
    }

    #[tokio::test]
    async fn when_the_group_is_rolled_back_every_transaction_fails_and_a_new_group_begins() {
        let file = file();
        let (one, mut two) = commit_with_next(&file, file.insert(1).await).await;
        insert(&mut two, 2);
        // As SQLite does when the disk is full.
        two.execute("rollback", &[]).unwrap();
        assert!(two.connection().is_none());
        assert!(two.commit().await.is_err());
        assert!(one.await.unwrap().is_err());
        assert!(file.stored().is_empty());
        file.insert(3).await.commit().await.unwrap();
        assert_eq!(file.stored(), [3]);
    }

    #[tokio::test]
    async fn only_what_others_write_changes_the_data_version() {
        let file = file();
        let version = async || {
            let mut group = file.group.lock().await;
            group.data_version(|| Ok(open(&file.folder))).unwrap()
        };
        let before = version().await;
        file.insert(1).await.commit().await.unwrap();
        assert_eq!(version().await, before);
        file.reader
            .execute_batch("INSERT INTO t VALUES (2)")
            .unwrap();
        let after = version().await;
        assert_ne!(after, before);
        assert_eq!(version().await, after);
    }

    #[tokio::test]
    async fn a_failed_commit_fails_for_the_whole_group() {
        let file = file();
        let tables = "CREATE TABLE parent (id PRIMARY KEY); \
                      CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)";
        file.reader.execute_batch(tables).unwrap();
        let (one, mut two) = commit_with_next(&file, file.insert(1).await).await;
        two.execute("INSERT INTO child VALUES (7)", &[]).unwrap();
        assert!(two.commit().await.is_err());
        assert!(one.await.unwrap().is_err());
        assert!(file.stored().is_empty());
    }

    /// A database whose log is watched.
    struct Watched {
        lock: WriteLock,
        folder: tempfile::TempDir,
    }

    impl Watched {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let tables = "PRAGMA journal_mode = WAL; CREATE TABLE t (x)";
            open(&folder).execute_batch(tables).unwrap();
            let lock = WriteLock::of(&folder.path().join("x.db"));
            Self { lock, folder }
        }

        fn size(&self) -> u64 {
            self.folder.path().join("x.db").metadata().unwrap().len()
        }

        fn open(&self) -> rusqlite::Result<Connection> {
            let mut connection = self.lock.open(&self.folder.path().join("x.db"))?;
            self.lock.attach_to_group(&mut connection)?;
            Ok(connection)
        }

        /// A transaction that makes the log long.
        async fn insert(&self) -> GroupedTransaction {
            let group = self.lock.acquire_group().await.unwrap();
            let mut transaction = GroupedTransaction::begin(group, || self.open()).unwrap();
            let insert = "INSERT INTO t VALUES (zeroblob(5000000))";
            transaction.execute(insert, &[]).unwrap();
            transaction
        }
    }

    #[test]
    fn a_long_log_is_moved_after_the_commit_is_acknowledged() {
        let one_thread = Builder::new_current_thread()
            .max_blocking_threads(1)
            .enable_time()
            .build();
        one_thread.unwrap().block_on(async {
            let database = Watched::new();
            let (go_on, wait) = channel();
            let busy = spawn_blocking(move || wait.recv().unwrap());
            database.insert().await.commit().await.unwrap();
            assert!(database.size() < 5_000_000);
            go_on.send(()).unwrap();
            busy.await.unwrap();
            _ = database.lock.acquire_group().await.unwrap();
            assert!(database.size() > 5_000_000);
        });
    }

    #[tokio::test]
    async fn a_long_log_is_moved_after_a_rollback_that_committed_for_others() {
        let database = Watched::new();
        let (one, lock) = (database.insert().await, database.lock.clone());
        let waiting = tokio::spawn(async move { lock.acquire_group().await.unwrap() });
        yield_now().await;
        let committing = tokio::spawn(one.commit());
        let group = waiting.await.unwrap();
        drop(GroupedTransaction::begin(group, || unreachable!()).unwrap());
        committing.await.unwrap().unwrap();
        _ = database.lock.acquire_group().await.unwrap();
        assert!(database.size() > 5_000_000);
    }
}
