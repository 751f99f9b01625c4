//! Compares the tables, indexes, views and triggers of a database with those of the program.

use std::collections::BTreeMap;

use kamiflow_sync_component::store::steps;
use rusqlite::Connection;

use super::examination::Examination;

/// Tables that others make and that hold nothing of ours: Spin's key-value store, and the
/// statistics of `ANALYZE`.
const TOLERATED: [(&str, &str); 3] = [
    ("table", "spin_key_value"),
    ("table", "sqlite_stat1"),
    ("table", "sqlite_stat4"),
];

/// SQL by kind and name.
type Objects = BTreeMap<(String, String), String>;

/// Finds what the program did not make, such as a trigger that would run with the next statement,
/// and what is missing or different.
pub fn schema(connection: &Connection, examination: &mut Examination) -> rusqlite::Result<()> {
    let mut expected = expected(version(connection)?)?;
    for ((kind, name), sql) in objects(connection)? {
        match expected.remove(&(kind.clone(), name.clone())) {
            Some(ours) if ours == sql => {}
            Some(_) => examination.add(format!("the {kind} {name} is not the program's own")),
            None if is_tolerated(&kind, &name) => {}
            None => examination.add(format!("the {kind} {name} was not made by the program")),
        }
    }
    for (kind, name) in expected.into_keys() {
        examination.add(format!("the {kind} {name} is missing"));
    }
    Ok(())
}

fn is_tolerated(kind: &str, name: &str) -> bool {
    TOLERATED.contains(&(kind, name))
}

/// What a new database of this schema has.
fn expected(version: i64) -> rusqlite::Result<Objects> {
    let new = Connection::open_in_memory()?;
    for (_, step) in steps().filter(|(number, _)| *number <= version) {
        new.execute_batch(step)?;
    }
    objects(&new)
}

/// All but the indexes that come with the constraints of a table.
fn objects(connection: &Connection) -> rusqlite::Result<Objects> {
    let mut select =
        connection.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")?;
    let object = |row: &rusqlite::Row| {
        let sql: String = row.get(2)?;
        Ok(((row.get(0)?, row.get(1)?), without_comments(&sql)))
    };
    select.query_map([], object)?.collect()
}

/// A database keeps the comments and the layout of the program that made it.
fn without_comments(sql: &str) -> String {
    let code = sql
        .lines()
        .map(|line| line.split("--").next().unwrap_or(""));
    let words = code.flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}
