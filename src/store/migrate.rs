//! Brings a database to the schema of this program.

use super::error::Error;
use super::store::Store;

/// Numbered steps, one statement each: Spin's host runs only the first of several.
/// A released step is never edited.
const SCHEMA: &str = include_str!("schema.sql");

/// The `user_version` of a database that has all steps.
pub const SCHEMA_VERSION: i64 = 9;
/// The oldest schema that was released.
pub const FIRST_SCHEMA: i64 = 8;

/// Applies the missing steps, in one transaction; on a current database that is one cheap read.
/// A database of a newer program is refused.
pub(super) fn migrate(store: &Store) -> Result<(), Error> {
    match version(store)? {
        SCHEMA_VERSION => Ok(()),
        newer if newer > SCHEMA_VERSION => Err(Error::NewerSchema(newer)),
        _ => upgrade(store),
    }
}

fn upgrade(store: &Store) -> Result<(), Error> {
    switch_to_wal(store)?;
    store.transaction("BEGIN IMMEDIATE", "COMMIT", |store| {
        // Another instance may have been faster since the first look.
        let have = version(store)?;
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
    match answer.first().and_then(|row| row.text(0)) {
        Some("wal") | None => Ok(()),
        Some(other) => Err(Error::NotWal(other.to_owned())),
    }
}

/// The `user_version`; 0 for a new file.
pub(super) fn version(store: &Store) -> Result<i64, Error> {
    let row = store.run("PRAGMA user_version")?.into_iter().next();
    row.map_or(Ok(0), |row| row.integer(0))
}

/// The steps in order, each with its number.
pub fn steps() -> impl Iterator<Item = (i64, &'static str)> {
    (1..).zip(
        SCHEMA
            .split("-- v ")
            .skip(1)
            .map(|step| step.trim_start_matches(|c: char| c.is_ascii_digit())),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::TestFile;
    use super::*;

    #[test]
    fn steps_are_numbered_without_a_gap_up_to_the_version() {
        let numbers = SCHEMA.lines().filter_map(|line| line.strip_prefix("-- v "));
        let numbers: Vec<i64> = numbers.map(|number| number.parse().unwrap()).collect();
        assert_eq!(numbers, (1..=SCHEMA_VERSION).collect::<Vec<_>>());
        assert_eq!(steps().count() as i64, SCHEMA_VERSION);
    }

    #[test]
    fn a_step_is_a_single_statement() {
        for (number, step) in steps() {
            let code = |line: &str| line.split("--").next().map(str::to_owned);
            let statement: String = step.lines().filter_map(code).collect();
            // What a trigger does is part of the statement that makes it.
            let (statement, _) = statement.split_once("BEGIN").unwrap_or((&statement, ""));
            assert!(!statement.contains(';'), "step {number}");
            assert_eq!(statement.matches("CREATE ").count(), 1, "step {number}");
        }
    }

    #[test]
    fn a_new_file_gets_all_steps_and_a_newer_one_is_refused() {
        let file = TestFile::new();
        let store = file.store();
        assert_eq!(version(&store).unwrap(), SCHEMA_VERSION);
        store.run("PRAGMA user_version = 1000").unwrap();
        let newer = Store::open(file.connection()).err();
        assert!(matches!(newer, Some(Error::NewerSchema(1000))));
    }
}
