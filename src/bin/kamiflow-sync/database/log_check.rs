//! Whether a database file and its write-ahead log belong together, found out before `SQLite` opens
//! them: it would move any log into any file.
//!
//! Each log begins with a transaction that raises the application id by one (`platform/log_id.rs`).
//! So the file has the id from before, or, when a part of the log was moved into it, the beginning
//! of its first page is the same as in one of the frames.

use std::fs::File;
use std::path::Path;

use anyhow::{Result, bail};
use rustix::process::{Flock, FlockType, fcntl_getlk};

use super::files::{behind_links, with_suffix};
use super::header::Header;
use super::log_base;
use super::log_file::LogFile;

/// The byte of the `-shm` file that every connection in WAL mode holds a lock on.
const CONNECTION_LOCK: u64 = 128;

/// Statements that another program may have changed the schema with in one transaction, such as one
/// that creates a table of keys, without a new version of the schema. Copies that `SQLite` makes
/// count anew.
const MAX_SCHEMA_CHANGES: u32 = 2;

/// Changes nothing, and does not look while another program has the database open.
///
/// # Errors
///
/// When the log belongs to another database file, or is missing although it had pushes.
pub fn require_own_log(database: &Path) -> Result<()> {
    let database = &behind_links(database);
    let refused = |reason: &String| {
        // Asked again, because a program that had the database open meanwhile changed the files
        // between the first reads.
        !is_open(database) && refusal(database).as_ref() == Some(reason)
    };
    match refusal(database).filter(refused) {
        Some(reason) if !is_open(database) => bail!(reason),
        _ => Ok(()),
    }
}

fn refusal(database: &Path) -> Option<String> {
    // The log first: a program that closes the database moves it into the file.
    let log_path = with_suffix(database, "-wal");
    // Without the right to read them, this process cannot open them either.
    let log = LogFile::read(&log_path).ok()?;
    let header = Header::read(database).ok()?;
    let (shown, log_shown) = (database.display(), log_path.display());
    if log.page_count.is_some() {
        let belongs = header.is_some_and(|header| belongs(&header, &log));
        return (!belongs).then(|| {
            format!(
                "{shown} is not the file that its log {log_shown} belongs to: put that file back, or \
                 run 'kamiflow-sync restore BACKUP', which keeps both"
            )
        });
    }
    let header = header?;
    let is_incomplete = log_base::read(database) == Some(header);
    is_incomplete.then(|| match header.schema_version() {
        // Nothing of the log was moved into the file yet.
        0 => format!(
            "the log {log_shown} is gone, and with it everything that was stored in {shown}: put it back, run \
             'kamiflow-sync restore BACKUP', or, to begin empty, move {shown} and {shown}-log-base away"
        ),
        _ => format!(
            "the log {log_shown} is gone, and with it the newest pushes to {shown}: put it back, or \
             run 'kamiflow-sync restore BACKUP', without a backup with {shown} itself"
        ),
    })
}

fn belongs(header: &Header, log: &LogFile) -> bool {
    match log.headers.first() {
        Some(oldest) => {
            log.headers.contains(header)
                || header.may_precede(oldest)
                    && (is_before_raise(header, oldest) || is_before_other(header, oldest, log))
        }
        // Without a change of the first page, the size stays the same.
        None => Some(header.page_count()) == log.page_count,
    }
}

/// Whether a log of this program, which begins with `oldest`, was begun on a file with `header`.
fn is_before_raise(header: &Header, oldest: &Header) -> bool {
    header.application_id().wrapping_add(1) == oldest.application_id()
        && header.equals_except_id(oldest)
}

/// As [`is_before_raise`], for another program, such as Spin, which does not raise the id.
fn is_before_other(header: &Header, oldest: &Header, log: &LogFile) -> bool {
    let changes = oldest.schema_cookie().wrapping_sub(header.schema_cookie());
    let has_schema =
        changes <= MAX_SCHEMA_CHANGES || header.schema_version() != oldest.schema_version();
    let has_size = header.page_count() == oldest.page_count();
    header.application_id() == oldest.application_id()
        && has_schema
        && (has_size || !log.is_oldest_alone)
}

/// Whether another process has the database open.
fn is_open(database: &Path) -> bool {
    let Ok(file) = File::open(with_suffix(database, "-shm")) else {
        return false;
    };
    let mut lock = Flock::from(FlockType::WriteLock);
    (lock.start, lock.length) = (CONNECTION_LOCK, 1);
    matches!(fcntl_getlk(&file, &lock), Ok(Some(_)))
}
