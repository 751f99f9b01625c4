//! A ceiling for pushes and pages: the same rows through native SQLite with the same durability, but
//! without HTTP, rules or WebAssembly.

use std::time::{Duration, Instant};

use kamiflow_sync_component::store::steps;
use kamiflow_sync_component::wire::page::{self, PageWriter};
use rusqlite::{Connection, Row, Transaction, params};
use tempfile::TempDir;

use crate::content::{File, hex};
use crate::load::Round;

const PAGE: &str = "SELECT version.rev, version.path, version.checksum, size, modified, bytes
    FROM (SELECT rev FROM file WHERE project = 1 AND deleted = 0 AND rev > ?1 ORDER BY rev LIMIT 101) AS next
    CROSS JOIN version ON version.project = 1 AND version.rev = next.rev
    CROSS JOIN content ON content.id = version.content ORDER BY next.rev";

/// A database with one project.
pub struct Native {
    connection: Connection,
    rev: i64,
    _folder: TempDir,
}

impl Native {
    /// An empty database, on the same disk as that of the server.
    pub fn new() -> rusqlite::Result<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let connection = Connection::open(folder.path().join("native.db"))?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")?;
        for (_, step) in steps() {
            connection.execute_batch(step)?;
        }
        connection.execute_batch(
            "INSERT INTO project (id, last_rev, epoch, tag, file_count, total_size, digest, swept_at, swept_to)
             VALUES ('native', 0, 0, 0, 0, 0, zeroblob(32), 0, '')",
        )?;
        Ok(Self {
            connection,
            rev: 0,
            _folder: folder,
        })
    }

    /// A database with this many files, pushed a hundred at a time.
    pub fn of(files: usize, size: usize) -> rusqlite::Result<Self> {
        let mut native = Self::new()?;
        for _ in 0..files / 100 {
            native.push(&File::many(100, size))?;
        }
        Ok(native)
    }

    /// Stores files in one transaction and returns how long that took.
    pub fn push(&mut self, files: &[File]) -> rusqlite::Result<Duration> {
        let start = Instant::now();
        let transaction = self.connection.transaction()?;
        for file in files {
            self.rev += 1;
            put(&transaction, file, self.rev)?;
        }
        transaction
            .prepare_cached("UPDATE project SET last_rev = ?1, head = ?1, tag = ?1, digest = ?2, file_count = file_count + ?3 WHERE number = 1")?
            .execute(params![self.rev, files[0].checksum, files.len() as i64])?;
        transaction.commit()?;
        Ok(start.elapsed())
    }

    /// Pushes one file after the other for a while; `value` becomes pushes per second.
    pub fn rate(&mut self, time: Duration, file: impl Fn() -> File) -> rusqlite::Result<Round> {
        let (mut round, mut spent) = (Round::default(), Duration::ZERO);
        while spent < time {
            let took = self.push(&[file()])?;
            spent += took;
            round.latencies.push(took);
        }
        round.value = round.latencies.len() as f64 / round.seconds();
        Ok(round)
    }

    /// The first page of a hundred files after a rev as JSON, and the `since` of the next page.
    pub fn page(&self, since: i64) -> rusqlite::Result<(Vec<u8>, Option<i64>)> {
        let mut statement = self.connection.prepare_cached(PAGE)?;
        let mut rows = statement.query([since])?;
        let (mut out, mut count, mut last) = (PageWriter::new("files", 512_000), 0, since);
        while let Some(row) = rows.next()? {
            count += 1;
            if count <= 100 {
                last = row.get(0)?;
                out.push(&describe(row)?, Some(row.get_ref(5)?.as_blob()?));
            }
        }
        let more = count > 100;
        Ok((out.finish(more, "0-0-0"), more.then_some(last)))
    }
}

fn put(transaction: &Transaction<'_>, file: &File, rev: i64) -> rusqlite::Result<()> {
    transaction
        .prepare_cached("INSERT INTO content (project, checksum, bytes) VALUES (1, ?1, ?2)")?
        .execute(params![file.checksum, file.bytes])?;
    transaction
        .prepare_cached("INSERT INTO version (project, rev, path, checksum, size, modified, tag, content) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?1, ?6)")?
        .execute(params![rev, file.path, file.checksum, file.bytes.len() as i64, 1_760_000_000_000_i64, transaction.last_insert_rowid()])?;
    Ok(())
}

fn describe(row: &Row<'_>) -> rusqlite::Result<page::File> {
    Ok(page::File {
        path: row.get(1)?,
        checksum: hex(row.get_ref(2)?.as_blob()?),
        modified: row.get(4)?,
        size: row.get::<_, i64>(3)?.cast_unsigned(),
        synced_at: row.get(0)?,
    })
}
