//! Brings a database to the schema of this program.

use super::error::Error;
use super::schema::{SCHEMA_VERSION, steps};
use super::sql::Sql;
use super::store::Store;

impl Store {
    /// Takes a connection and brings its database to the current schema.
    pub fn open(sql: impl Sql + 'static) -> Result<Self, Error> {
        let store = Self::open_unchanged(sql);
        migrate(&store)?;
        Ok(store)
    }

    /// The `user_version`; 0 for a new file.
    pub fn schema_version(&self) -> Result<i64, Error> {
        let row = self.run("PRAGMA user_version")?.into_iter().next();
        row.map_or(Ok(0), |row| row.integer(0))
    }
}

/// Applies the missing steps, in one transaction; on a current database that is one cheap read.
/// A database of a newer or of another program is refused.
fn migrate(store: &Store) -> Result<(), Error> {
    match store.schema_version()? {
        SCHEMA_VERSION => Ok(()),
        _ => {
            store.require_own()?;
            upgrade(store)
        }
    }
}

fn upgrade(store: &Store) -> Result<(), Error> {
    // Only in a new file, and best effort: its pages can be given back when they are free.
    store.run("PRAGMA auto_vacuum = INCREMENTAL").ok();
    switch_to_wal(store)?;
    store.write_alone(|store| {
        // Another instance may have been faster since the first look.
        let have = store.schema_version()?;
        for (number, statement) in steps().filter(|(number, _)| *number > have) {
            store.run(statement)?;
            store.run(&format!("PRAGMA user_version = {number}"))?;
        }
        Ok(())
    })
}

/// WAL is a property of the file, and Spin does not set it. A server such as libSQL's manages its
/// own log and refuses the pragma, which is fine; a local file that stays in another mode is not,
/// nor one that is locked at this moment.
fn switch_to_wal(store: &Store) -> Result<(), Error> {
    let answer = match store.run("PRAGMA journal_mode = WAL") {
        Ok(rows) => rows,
        Err(Error::Busy) => return Err(Error::Busy),
        Err(_) => return Ok(()),
    };
    match answer.first().map(|row| row.text(0)).transpose()? {
        Some("wal") | None => Ok(()),
        Some(other) => Err(Error::NotWal(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::TestFile;
    use super::*;

    #[test]
    fn a_new_file_gets_all_steps_and_a_newer_one_is_refused() {
        let file = TestFile::new();
        let store = file.store();
        assert_eq!(store.schema_version().unwrap(), SCHEMA_VERSION);
        store.run("PRAGMA user_version = 1000").unwrap();
        let newer = Store::open(file.connection()).err();
        assert!(matches!(newer, Some(Error::NewerSchema(1000))));
    }
}
