//! Transactions of several guests in one commit.
//!
//! A commit waits for the disk, and it makes what every other connection has in its page cache
//! stale. So guests that begin with [`BEGIN_JOINTLY`] write on one connection, one after the
//! other. Who is done lets those go first that wait already; whoever of the done is back first
//! commits for all. Behind work that is not committed yet, a guest's transaction is a
//! savepoint, so that it can fail alone.
//!
//! To everybody else it is one transaction: nobody sees any of it before it is committed, and
//! nobody is told of a commit that is not on the disk. When it fails, it fails for all. A guest
//! that gives up has seen the work of those before it and may tell of it, as a conflict does: so
//! it commits that work first.
//!
//! [`BEGIN_JOINTLY`]: kamiflow_sync_component::store::BEGIN_JOINTLY

use rusqlite::Connection;
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::bindings::spin::sqlite::sqlite::{Error, QueryResult, Value};
use super::query::{io, query};

type Outcome = Result<(), Error>;

/// The joint connection, and who waits for its commit.
#[derive(Debug, Default)]
pub struct Joint {
    connection: Option<Connection>,
    /// Those whose work is in the open transaction. Between two turns, a transaction is open
    /// exactly as long as this is not empty.
    done: Vec<oneshot::Sender<Outcome>>,
}

impl Joint {
    /// Commits what is done, for all.
    pub fn settle(&mut self) {
        if !self.done.is_empty() {
            let outcome = self.run("COMMIT");
            self.end(outcome);
        }
    }

    fn begin(&mut self, open: impl FnOnce() -> rusqlite::Result<Connection>) -> Outcome {
        if self.connection.is_none() {
            self.connection = Some(open().map_err(io)?);
        }
        self.run(match self.done.is_empty() {
            true => "BEGIN IMMEDIATE",
            false => "SAVEPOINT guest",
        })
    }

    /// Keeps the work of a guest for the commit of all.
    fn keep(&mut self) -> oneshot::Receiver<Outcome> {
        let kept = match self.done.is_empty() {
            true => Ok(()),
            false => self.run("RELEASE guest"),
        };
        let (sender, receiver) = oneshot::channel();
        self.done.push(sender);
        if kept.is_err() {
            self.end(kept);
        }
        receiver
    }

    fn roll_back(&mut self) {
        let rolled_back = match self.done.is_empty() {
            true => self.run("ROLLBACK"),
            false => self
                .run("ROLLBACK TO guest")
                .and_then(|()| self.run("RELEASE guest")),
        };
        match rolled_back {
            Ok(()) => self.settle(),
            Err(_) => self.end(rolled_back),
        }
    }

    /// Tells all who are done how it ended. After a failure the connection goes, and with it
    /// what it had not committed.
    fn end(&mut self, outcome: Outcome) {
        if outcome.is_err() {
            self.connection = None;
        }
        for done in self.done.drain(..) {
            // Nobody may be left to hear it.
            _ = done.send(outcome.clone());
        }
    }

    fn run(&self, statement: &str) -> Outcome {
        self.query(statement, Vec::new()).map(drop)
    }

    fn query(&self, statement: &str, parameters: Vec<Value>) -> Result<QueryResult, Error> {
        let connection = self.connection.as_ref().ok_or(Error::InvalidConnection)?;
        query(connection, statement, parameters)
    }

    fn in_transaction(&self) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|connection| !connection.is_autocommit())
    }
}

/// The transaction of one guest. Dropping it rolls it back, and commits what others did before it.
#[derive(Debug)]
pub struct Transaction(Option<OwnedMutexGuard<Joint>>);

impl Transaction {
    /// Begins, on the connection that `open` opens if there is none yet.
    pub fn begin(
        mut joint: OwnedMutexGuard<Joint>,
        open: impl FnOnce() -> rusqlite::Result<Connection>,
    ) -> Result<Self, Error> {
        joint.begin(open)?;
        Ok(Self(Some(joint)))
    }

    /// The connection, until the transaction has ended.
    pub fn connection(&self) -> Option<&Connection> {
        self.0.as_ref()?.connection.as_ref()
    }

    /// Runs one statement.
    ///
    /// An error such as that of a full disk makes `SQLite` roll everything back, so it is the
    /// error of all; then this transaction has ended. The same for a guest that ends it by
    /// other words than `COMMIT` and `ROLLBACK`.
    pub fn execute(
        &mut self,
        statement: &str,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let joint = self.0.as_mut().ok_or(Error::InvalidConnection)?;
        let result = joint.query(statement, parameters);
        if !joint.in_transaction() {
            let ended = Error::Io("another guest ended the joint transaction".to_owned());
            joint.end(Err(result.as_ref().err().cloned().unwrap_or(ended)));
            self.0 = None;
        }
        result
    }

    /// Returns when the work is on the disk, or with the error that kept all of it from there.
    pub async fn commit(mut self) -> Outcome {
        let mut joint = self.0.take().ok_or(Error::InvalidConnection)?;
        let mut outcome = joint.keep();
        let queue = OwnedMutexGuard::mutex(&joint).clone();
        drop(joint);
        let heard = tokio::select! {
            biased;
            heard = &mut outcome => heard,
            mut joint = queue.lock_owned() => {
                joint.settle();
                drop(joint);
                outcome.await
            }
        };
        heard.unwrap_or(Err(Error::InvalidConnection))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(joint) = &mut self.0 {
            joint.roll_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Mutex;
    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    struct File {
        joint: Arc<Mutex<Joint>>,
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
            joint: Arc::default(),
            reader,
            folder,
        }
    }

    impl File {
        async fn begin(&self) -> Transaction {
            let joint = self.joint.clone().lock_owned().await;
            Transaction::begin(joint, || Ok(open(&self.folder))).unwrap()
        }

        async fn insert(&self, number: i64) -> Transaction {
            let mut guest = self.begin().await;
            insert(&mut guest, number);
            guest
        }

        /// What everybody else sees.
        fn stored(&self) -> Vec<i64> {
            let mut select = self.reader.prepare("SELECT x FROM t ORDER BY x").unwrap();
            let rows = select.query_map([], |row| row.get(0)).unwrap();
            rows.map(Result::unwrap).collect()
        }
    }

    fn insert(guest: &mut Transaction, number: i64) {
        let number = vec![Value::Integer(number)];
        guest.execute("INSERT INTO t VALUES (?)", number).unwrap();
    }

    /// A guest that commits while the next one is inside already.
    async fn overtaken(file: &File, one: Transaction) -> (JoinHandle<Outcome>, Transaction) {
        let waiting = tokio::spawn(file.joint.clone().lock_owned());
        yield_now().await;
        let committing = tokio::spawn(one.commit());
        let next = waiting.await.unwrap();
        (
            committing,
            Transaction::begin(next, || unreachable!()).unwrap(),
        )
    }

    #[tokio::test]
    async fn a_guest_alone_commits_at_once() {
        let file = file();
        let guest = file.insert(1).await;
        assert!(file.stored().is_empty());
        guest.commit().await.unwrap();
        assert_eq!(file.stored(), [1]);
    }

    #[tokio::test]
    async fn nobody_sees_or_hears_of_a_commit_before_it_is_that_of_all() {
        let file = file();
        let (one, mut two) = overtaken(&file, file.insert(1).await).await;
        insert(&mut two, 2);
        assert!(!one.is_finished());
        assert!(file.stored().is_empty());
        two.commit().await.unwrap();
        one.await.unwrap().unwrap();
        assert_eq!(file.stored(), [1, 2]);
    }

    #[tokio::test]
    async fn a_guest_that_gives_up_takes_only_its_own_work_along() {
        let file = file();
        let (one, mut two) = overtaken(&file, file.insert(1).await).await;
        insert(&mut two, 2);
        drop(two);
        one.await.unwrap().unwrap();
        assert_eq!(file.stored(), [1]);
        drop(file.insert(3).await);
        assert_eq!(file.stored(), [1]);
    }

    #[tokio::test]
    async fn what_a_guest_has_seen_is_stored_when_it_gives_up() {
        let file = file();
        let (one, mut two) = overtaken(&file, file.insert(1).await).await;
        let seen = two.execute("SELECT x FROM t", Vec::new()).unwrap();
        assert_eq!(seen.rows.len(), 1);
        drop(two);
        assert_eq!(file.stored(), [1]);
        one.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn who_is_done_waits_for_nobody_that_came_later() {
        let file = file();
        let (one, two) = overtaken(&file, file.insert(1).await).await;
        let later = tokio::spawn(file.joint.clone().lock_owned());
        // The guest between them computes for long, and then is gone.
        for _ in 0..1000 {
            yield_now().await;
        }
        assert!(!one.is_finished());
        drop(two);
        let _turn = later.await.unwrap();
        one.await.unwrap().unwrap();
        assert_eq!(file.stored(), [1]);
    }

    #[tokio::test]
    async fn when_all_is_rolled_back_all_hear_of_it_and_the_next_begins_anew() {
        let file = file();
        let (one, mut two) = overtaken(&file, file.insert(1).await).await;
        insert(&mut two, 2);
        // As SQLite does when the disk is full.
        two.execute("rollback", Vec::new()).unwrap();
        assert!(two.connection().is_none());
        assert!(two.commit().await.is_err());
        assert!(one.await.unwrap().is_err());
        assert!(file.stored().is_empty());
        file.insert(3).await.commit().await.unwrap();
        assert_eq!(file.stored(), [3]);
    }

    #[tokio::test]
    async fn a_commit_that_fails_fails_for_all() {
        let file = file();
        let tables = "CREATE TABLE parent (id PRIMARY KEY); \
                      CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED)";
        file.reader.execute_batch(tables).unwrap();
        let (one, mut two) = overtaken(&file, file.insert(1).await).await;
        two.execute("INSERT INTO child VALUES (7)", Vec::new())
            .unwrap();
        assert!(two.commit().await.is_err());
        assert!(one.await.unwrap().is_err());
        assert!(file.stored().is_empty());
    }
}
