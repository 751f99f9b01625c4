//! Gives the pages of deleted data back to the disk, in steps between which others write.
//!
//! A database that was made before its pages could move keeps them; `compact` makes it one that can.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::guest_database::GuestDatabase;

/// How often to look for free pages.
const INTERVAL: Duration = Duration::from_secs(60);
/// Between two steps.
const PAUSE: Duration = Duration::from_millis(100);
/// Pages that stay free for what is pushed next: 16 MiB.
const KEPT: i64 = 4096;
/// Pages of a step: 1 MiB, which takes some milliseconds.
const STEP_PAGES: i64 = 256;

/// Gives back what has been free for a minute, again and again.
pub async fn give_back(databases: Vec<Arc<GuestDatabase>>) {
    let mut last = vec![0; databases.len()];
    loop {
        sleep(INTERVAL).await;
        for (database, last) in databases.iter().zip(&mut last) {
            let free = shrink(database, 0, KEPT).await.unwrap_or(0);
            // Something is being deleted while it grows.
            if free > KEPT && free <= *last {
                shrink_to(database, KEPT).await;
            }
            *last = free;
        }
    }
}

async fn shrink_to(database: &Arc<GuestDatabase>, kept: i64) {
    let mut free = i64::MAX;
    while let Some(left) = shrink(database, STEP_PAGES, kept).await {
        if left <= kept || left >= free {
            break;
        }
        free = left;
        sleep(PAUSE).await;
    }
    empty_log(database).await;
}

/// Gives up to `pages` back, while more than `kept` are free. Returns how many are still free; `None`
/// when that cannot be done now. `SQLite` computes on a thread that serves nobody.
async fn shrink(database: &Arc<GuestDatabase>, pages: i64, kept: i64) -> Option<i64> {
    database.file.as_ref()?;
    let mut group = database.write_lock.acquire_group().await.ok()?;
    let database = database.clone();
    let shrunk = spawn_blocking(move || {
        let free = group.free_pages(|| database.open_grouped())?;
        match pages.min(free - kept) {
            1.. => group.give_back(pages.min(free - kept)),
            _ => Ok(Some(free)),
        }
    });
    match shrunk.await.ok()? {
        Ok(left) => left,
        Err(error) => {
            tracing::warn!(%error, "free pages are not given back to the disk");
            None
        }
    }
}

/// The file shrinks when its log is moved into it.
async fn empty_log(database: &Arc<GuestDatabase>) {
    if let Ok(mut group) = database.write_lock.acquire_group().await {
        _ = spawn_blocking(move || _ = group.empty_log()).await;
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::super::write_lock::WriteLock;
    use super::*;

    /// A database with 8 MB of free pages, which `setup` begins, and `kept` behind them.
    fn with_free_pages(setup: &str, kept: &str, folder: &tempfile::TempDir) -> Arc<GuestDatabase> {
        let file = folder.path().join("x.db");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch(setup).unwrap();
        let fill = format!(
            "PRAGMA journal_mode = WAL; CREATE TABLE t (x);
            INSERT INTO t VALUES (zeroblob(8000000)); INSERT INTO t VALUES ({kept});
            DELETE FROM t WHERE rowid = 1; PRAGMA wal_checkpoint(TRUNCATE)"
        );
        connection.execute_batch(&fill).unwrap();
        Arc::new(GuestDatabase {
            write_lock: WriteLock::of(&file),
            file: Some(file),
            reserve: None,
            ..GuestDatabase::default()
        })
    }

    fn bytes(database: &GuestDatabase) -> u64 {
        database.file.as_ref().unwrap().metadata().unwrap().len()
    }

    #[tokio::test]
    async fn free_pages_go_back_to_the_disk_in_steps_but_for_those_that_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let database = with_free_pages("PRAGMA auto_vacuum = INCREMENTAL", "'kept'", &folder);
        let free = shrink(&database, 0, 0).await.unwrap();
        assert!(free > 1900);
        assert_eq!(
            shrink(&database, STEP_PAGES, 0).await.unwrap(),
            free - STEP_PAGES
        );
        shrink_to(&database, 100).await;
        assert_eq!(shrink(&database, STEP_PAGES, 100).await.unwrap(), 100);
        assert!(bytes(&database) < 600_000, "{}", bytes(&database));
        let connection = database.open().unwrap();
        let kept: String = connection
            .query_row("SELECT x FROM t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(kept, "kept");
    }

    #[tokio::test]
    async fn the_log_stays_short_while_pages_move() {
        let folder = tempfile::tempdir().unwrap();
        let behind = "zeroblob(16000000)";
        let database = with_free_pages("PRAGMA auto_vacuum = INCREMENTAL", behind, &folder);
        while shrink(&database, STEP_PAGES, 0).await.unwrap() > 0 {}
        let log = folder.path().join("x.db-wal").metadata().unwrap().len();
        assert!(log < 6_000_000, "{log}");
    }

    #[tokio::test]
    async fn a_database_whose_pages_cannot_move_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let database = with_free_pages("", "'kept'", &folder);
        let before = bytes(&database);
        shrink_to(&database, 0).await;
        assert_eq!(bytes(&database), before);
    }
}
