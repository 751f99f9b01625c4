//! Large files whose content the server does not have, such as those that are too large for it. Without this, each
//! round would read them again.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

pub(super) const UNSENT: &str = "SELECT path, stamp, checksum FROM unsent";

/// A file as it was when it was read last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// As the system describes it.
    pub stamp: String,
    /// Its content.
    pub checksum: String,
}

pub(super) fn read(connection: &Connection) -> rusqlite::Result<BTreeMap<String, Unsent>> {
    let mut statement = connection.prepare(UNSENT)?;
    let rows = statement.query_map((), |row| {
        let unsent = Unsent {
            stamp: row.get(1)?,
            checksum: row.get(2)?,
        };
        Ok((row.get(0)?, unsent))
    })?;
    rows.collect()
}

/// Puts these in place of those that were remembered.
pub(super) fn replace(
    connection: &mut Connection,
    files: &BTreeMap<String, Unsent>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute("DELETE FROM unsent", ())?;
    for (path, Unsent { stamp, checksum }) in files {
        let statement = "INSERT INTO unsent VALUES (?1, ?2, ?3)";
        transaction.execute(statement, params![path, stamp, checksum])?;
    }
    transaction.commit()
}
