//! What the rounds of the last hour have deleted, so that a mass deletion which is seen in portions is seen.

use std::time::{Duration, SystemTime};

use rusqlite::{Connection, params};

use crate::absence::Deletions;

/// Longer than a script, or a program that takes a folder away file by file, needs for most of the files.
const RECENT: Duration = Duration::from_secs(60 * 60);

/// Where a person has deleted files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// In this folder.
    Here,
    /// On other devices.
    There,
}

impl Side {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::There => "there",
        }
    }
}

pub(super) fn recent(
    connection: &Connection,
    side: Side,
    now: SystemTime,
) -> rusqlite::Result<Deletions> {
    // The clock may have been set back.
    let query = "SELECT path, files FROM deletion WHERE side = ?1 AND at BETWEEN ?2 AND ?3";
    let mut statement = connection.prepare(query)?;
    let (from, to) = (milliseconds(now - RECENT), milliseconds(now + RECENT));
    let mut rows = statement.query(params![side.word(), from, to])?;
    let mut deletions = Deletions::default();
    while let Some(row) = rows.next()? {
        deletions.paths.insert(row.get(0)?);
        deletions.files = deletions.files.max(row.get(1)?);
    }
    Ok(deletions)
}

pub(super) fn forget(connection: &Connection, side: Side) -> rusqlite::Result<()> {
    let statement = "DELETE FROM deletion WHERE side = ?1";
    connection.execute(statement, [side.word()]).map(drop)
}

/// Adds deletions out of so many files.
pub(super) fn add(
    connection: &mut Connection,
    side: Side,
    paths: &[&str],
    files: usize,
    now: SystemTime,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let old = "DELETE FROM deletion WHERE at < ?1";
    transaction.execute(old, [milliseconds(now - RECENT)])?;
    for path in paths {
        let statement = "REPLACE INTO deletion VALUES (?1, ?2, ?3, ?4)";
        let row = params![side.word(), path, milliseconds(now), files];
        transaction.prepare_cached(statement)?.execute(row)?;
    }
    transaction.commit()
}

fn milliseconds(time: SystemTime) -> i64 {
    let time = time.duration_since(SystemTime::UNIX_EPOCH);
    time.map_or(0, |time| {
        i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
    })
}

#[test]
fn deletions_of_the_last_hour_add_up_and_older_ones_are_forgotten() {
    let mut connection = super::file::in_memory().unwrap();
    let began = SystemTime::now();
    let after = |minutes: u64| began + Duration::from_secs(minutes * 60);
    add(&mut connection, Side::Here, &["a", "b"], 9, after(0)).unwrap();
    add(&mut connection, Side::Here, &["b", "c"], 7, after(40)).unwrap();
    add(&mut connection, Side::There, &["d"], 5, after(40)).unwrap();
    let seen = |side, minutes| {
        let deletions = recent(&connection, side, after(minutes)).unwrap();
        (
            deletions.paths.into_iter().collect::<String>(),
            deletions.files,
        )
    };
    assert_eq!(seen(Side::Here, 50), ("abc".to_owned(), 9));
    assert_eq!(seen(Side::Here, 70), ("bc".to_owned(), 7));
    assert_eq!(seen(Side::There, 70), ("d".to_owned(), 5));
    assert_eq!(seen(Side::Here, 200), (String::new(), 0));
    add(&mut connection, Side::Here, &["e"], 1, after(200)).unwrap();
    let count = "SELECT count(*) FROM deletion";
    let count: usize = connection.query_row(count, (), |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
}
