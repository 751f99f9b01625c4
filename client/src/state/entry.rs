//! The rows: what they mean, and how they are read and written.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction};

use crate::remote::Rev;

pub(super) const ENTRIES: &str =
    "SELECT path, rev, checksum, stamp, sent, sent_modified, previous FROM entry ORDER BY path";
pub(super) const PENDING: &str = "SELECT path, rev, checksum, modified, reason FROM pending";

/// What both sides had when they were last in sync.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The server's version; 0 when it has never had one, or has lost it.
    pub rev: Rev,
    /// The version that was here before; 0 when that is not known.
    pub previous: Rev,
    /// Its content; none when it was a deletion.
    pub checksum: Option<String>,
    /// The file with this content, as the system describes it; empty when that is not known.
    pub stamp: String,
    /// A push whose answer may have been lost.
    pub sent: Option<Sent>,
}

/// A file that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its content.
    pub checksum: String,
    /// When it was changed: milliseconds since 1970.
    pub modified: i64,
}

/// A change of the server that is not on this disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The version.
    pub rev: Rev,
    /// Its content; none for a deletion.
    pub checksum: Option<String>,
    /// When it was changed: milliseconds since 1970.
    pub modified: i64,
    /// Why it is not here.
    pub reason: String,
}

/// Something to remember.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// Both sides are in sync.
    Entry(String, Entry),
    /// Neither side knows the path any more, or it is not synced any more.
    Forget(String),
    /// A change of the server is not on this disk.
    Pending(String, Pending),
}

impl Entry {
    /// A version of the server whose file here, if it is one, is not described yet.
    pub fn of(rev: Rev, checksum: Option<String>) -> Self {
        Self {
            rev,
            checksum,
            ..Self::default()
        }
    }

    /// The same after what was remembered until now.
    fn after(&self, old: Option<&Self>) -> Self {
        let previous = match old {
            Some(old) if old.rev == self.rev => old.previous,
            Some(old) if old.rev < self.rev => old.rev,
            _ => self.previous,
        };
        Self {
            previous,
            ..self.clone()
        }
    }
}

impl Update {
    /// The same after what was remembered until now.
    pub(super) fn after(&self, entries: &BTreeMap<String, Entry>) -> Self {
        match self {
            Self::Entry(path, entry) => Self::Entry(path.clone(), entry.after(entries.get(path))),
            other => other.clone(),
        }
    }

    /// Writes the rows of a path. Without `has_pending`, there is no pending change at all.
    pub(super) fn write(
        &self,
        transaction: &Transaction,
        has_pending: bool,
    ) -> rusqlite::Result<()> {
        let no_longer_pending = |path| {
            if has_pending {
                no_longer(transaction, "DELETE FROM pending WHERE path = ?1", path)
            } else {
                Ok(())
            }
        };
        match self {
            Self::Entry(path, entry) => {
                put(transaction, path, entry)?;
                no_longer_pending(path)
            }
            Self::Forget(path) => {
                no_longer(transaction, "DELETE FROM entry WHERE path = ?1", path)?;
                no_longer_pending(path)
            }
            Self::Pending(path, pending) => {
                let Pending {
                    rev,
                    checksum,
                    modified,
                    reason,
                } = pending;
                let row = (path, rev, checksum, modified, reason);
                let statement = "REPLACE INTO pending VALUES (?1, ?2, ?3, ?4, ?5)";
                transaction.prepare_cached(statement)?.execute(row)?;
                Ok(())
            }
        }
    }

    pub(super) fn apply(
        &self,
        entries: &mut BTreeMap<String, Entry>,
        pending: &mut BTreeMap<String, Pending>,
    ) {
        match self {
            Self::Entry(path, entry) => {
                entries.insert(path.clone(), entry.clone());
                pending.remove(path);
            }
            Self::Forget(path) => {
                entries.remove(path);
                pending.remove(path);
            }
            Self::Pending(path, change) => {
                pending.insert(path.clone(), change.clone());
            }
        }
    }
}

fn put(transaction: &Transaction, path: &str, entry: &Entry) -> rusqlite::Result<()> {
    let sent = entry.sent.as_ref();
    let row = (
        path,
        entry.rev,
        &entry.checksum,
        &entry.stamp,
        sent.map(|sent| &sent.checksum),
        sent.map(|sent| sent.modified),
        entry.previous,
    );
    let statement = "REPLACE INTO entry (path, rev, checksum, stamp, sent, sent_modified, previous)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    transaction.prepare_cached(statement)?.execute(row)?;
    Ok(())
}

fn no_longer(transaction: &Transaction, statement: &str, path: &str) -> rusqlite::Result<()> {
    transaction.prepare_cached(statement)?.execute([path])?;
    Ok(())
}

pub(super) fn entries(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Entry>> {
    let mut statement = connection.prepare(ENTRIES)?;
    let rows = statement.query_map((), |row| {
        let entry = Entry {
            rev: row.get(1)?,
            checksum: row.get(2)?,
            stamp: row.get(3)?,
            sent: sent(row.get(4)?, row.get(5)?),
            previous: row.get(6)?,
        };
        Ok((row.get(0)?, entry))
    })?;
    rows.collect()
}

/// A push that was remembered before its time was cannot be told from one of another device.
fn sent(checksum: Option<String>, modified: Option<i64>) -> Option<Sent> {
    let (checksum, modified) = checksum.zip(modified)?;
    Some(Sent { checksum, modified })
}

pub(super) fn pending(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Pending>> {
    let mut statement = connection.prepare(PENDING)?;
    let rows = statement.query_map((), |row| {
        let pending = Pending {
            rev: row.get(1)?,
            checksum: row.get(2)?,
            modified: row.get(3)?,
            reason: row.get(4)?,
        };
        Ok((row.get(0)?, pending))
    })?;
    rows.collect()
}
