//! Statements of guests, with the locks that they wait for.

use std::time::Duration;

use super::*;
use crate::platform::bindings::spin::sqlite::sqlite::RowResult;
use crate::platform::instance_memory::BUDGET;
use crate::platform::memory_pool::Pool;
use crate::platform::write_lock::WriteLock;

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

async fn run(connection: &mut GuestConnection, statement: &str) -> Result<Vec<RowResult>, Error> {
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
async fn before_wal_mode_a_writer_waits_for_a_reader_and_blocks_no_thread() {
    let file = file();
    let mut writer = GuestConnection::new(file.database.clone());
    run(&mut writer, "CREATE TABLE t (x)").await.unwrap();
    let mut reader = GuestConnection::new(file.database.clone());
    run(&mut reader, "BEGIN").await.unwrap();
    run(&mut reader, "SELECT * FROM t").await.unwrap();
    let write = run(&mut writer, "INSERT INTO t VALUES (1)");
    let end = async {
        tokio::task::yield_now().await;
        run(&mut reader, "COMMIT").await
    };
    let (written, ended) = tokio::join!(write, end);
    written.and(ended).unwrap();
    run(&mut writer, "PRAGMA journal_mode = WAL").await.unwrap();
    run(&mut reader, "BEGIN").await.unwrap();
    run(&mut reader, "SELECT * FROM t").await.unwrap();
    run(&mut writer, "INSERT INTO t VALUES (2)").await.unwrap();
}

#[tokio::test]
async fn a_writer_waits_for_the_transaction_of_another() {
    let file = file();
    let mut one = GuestConnection::new(file.database.clone());
    run(&mut one, "CREATE TABLE t (x)").await.unwrap();
    run(&mut one, "BEGIN IMMEDIATE").await.unwrap();
    let mut other = GuestConnection::new(file.database.clone());
    let waiting = tokio::spawn(async move { run(&mut other, "INSERT INTO t VALUES (1)").await });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    run(&mut one, "COMMIT").await.unwrap();
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_reader_does_not_wait() {
    let file = file();
    let mut writer = GuestConnection::new(file.database.clone());
    run(&mut writer, "PRAGMA journal_mode = WAL").await.unwrap();
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
    let ordinary = tokio::spawn(async move { run(&mut other, "INSERT INTO t VALUES (2)").await });
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
        ..GuestDatabase::default()
    };
    let _guard = database.write_lock.acquire().await;
    let mut connection = GuestConnection::new(Arc::new(database));
    let error = run(&mut connection, "BEGIN IMMEDIATE").await.unwrap_err();
    assert!(matches!(error, Error::Io(text) if text == "database is locked"));
}
