//! The transaction of a guest in a group.

use rusqlite::Connection;
use tokio::sync::OwnedMutexGuard;

use super::group::{CommitResult, GroupCommit};
use crate::platform::bindings::spin::sqlite::sqlite::{Error, QueryResult, Value};

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
                // Each of them hears of it.
                _ = group.commit_finished();
                GroupCommit::release(group);
                result.await
            }
        };
        received.unwrap_or(Err(Error::InvalidConnection))
    }

    /// Fails when the work that it has seen is not on the disk.
    pub fn roll_back(mut self) -> CommitResult {
        self.end()
    }

    fn end(&mut self) -> CommitResult {
        let mut group = self.0.take().ok_or(Error::InvalidConnection)?;
        let committed = group.roll_back();
        GroupCommit::release(group);
        committed
    }
}

impl Drop for GroupedTransaction {
    fn drop(&mut self) {
        if self.0.is_some() {
            _ = self.end();
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

    use super::*;
    use crate::platform::write_lock::WriteLock;

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

    /// Fails when it is committed.
    const ORPHAN: &str = "INSERT INTO child VALUES (7)";

    fn file_with_orphans() -> File {
        let file = file();
        let tables = "CREATE TABLE parent (id PRIMARY KEY); \
                      CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)";
        file.reader.execute_batch(tables).unwrap();
        file
    }

    #[tokio::test]
    async fn a_failed_commit_fails_for_the_whole_group() {
        let file = file_with_orphans();
        let (one, mut two) = commit_with_next(&file, file.insert(1).await).await;
        two.execute(ORPHAN, &[]).unwrap();
        assert!(two.commit().await.is_err());
        assert!(one.await.unwrap().is_err());
        assert!(file.stored().is_empty());
    }

    #[tokio::test]
    async fn a_rollback_fails_when_the_work_that_it_has_seen_is_lost() {
        let file = file_with_orphans();
        let mut one = file.insert(1).await;
        one.execute(ORPHAN, &[]).unwrap();
        let (one, two) = commit_with_next(&file, one).await;
        assert!(two.roll_back().is_err());
        assert!(one.await.unwrap().is_err());
        assert!(file.stored().is_empty());
        file.insert(3).await.roll_back().unwrap();
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
