//! Brings a database to the schema of this program.

use spin_sdk::sqlite3::Connection;

use super::{failed, integer};
use crate::error::Error;

/// Numbered steps, one statement each: Spin's host runs only the first of several.
/// A released step is never edited.
const SCHEMA: &str = include_str!("schema.sql");

/// The `user_version` of a database that has all steps.
pub const SCHEMA_VERSION: i64 = 9;

/// Applies the missing steps, in one transaction; on a current database that is one cheap read.
/// A database of a newer program is refused.
pub fn migrate(connection: &Connection) -> Result<(), Error> {
    match version(connection)? {
        SCHEMA_VERSION => Ok(()),
        newer if newer > SCHEMA_VERSION => Err(Error::NotConfigured(format!(
            "the database has schema {newer}, this program knows {SCHEMA_VERSION}: run the newer program"
        ))),
        _ => upgrade(connection),
    }
}

fn upgrade(connection: &Connection) -> Result<(), Error> {
    switch_to_wal(connection)?;
    execute(connection, "BEGIN IMMEDIATE")?;
    // Another instance may have been faster since the first look.
    let have = version(connection)?;
    for (number, statement) in steps().filter(|(number, _)| *number > have) {
        execute(connection, statement)?;
        execute(connection, &format!("PRAGMA user_version = {number}"))?;
    }
    execute(connection, "COMMIT")
}

/// WAL is a property of the file, and Spin does not set it. A server such as libSQL's manages its
/// own log and refuses the pragma, which is fine; a local file that stays in another mode is not,
/// nor one that somebody holds just now.
fn switch_to_wal(connection: &Connection) -> Result<(), Error> {
    let switched = connection.execute("PRAGMA journal_mode = WAL", &[]);
    let answer = match switched.map_err(failed) {
        Ok(answer) => answer,
        Err(Error::Busy) => return Err(Error::Busy),
        Err(_) => return Ok(()),
    };
    match answer.rows.first().and_then(|row| row.get::<&str>(0)) {
        Some("wal") | None => Ok(()),
        Some(other) => Err(Error::NotConfigured(format!(
            "the database is in journal mode '{other}', not WAL"
        ))),
    }
}

fn version(connection: &Connection) -> Result<i64, Error> {
    let answer = connection
        .execute("PRAGMA user_version", &[])
        .map_err(failed)?;
    answer.rows.first().map_or(Ok(0), |row| integer(row, 0))
}

fn execute(connection: &Connection, statement: &str) -> Result<(), Error> {
    connection.execute(statement, &[]).map(drop).map_err(failed)
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
}
