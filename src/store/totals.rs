//! What the whole database holds, and how it is set up.

use super::error::Error;
use super::store::Store;
use crate::domain::Rev;

/// What the database holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Totals {
    /// Projects.
    pub projects: u64,
    /// Live files of all projects.
    pub files: u64,
    /// Bytes of the live files.
    pub file_bytes: u64,
    /// The highest rev of any project; 0 when there is none.
    pub last_rev: Rev,
}

impl Store {
    /// Reads one row for each project.
    pub fn totals(&self) -> Result<Totals, Error> {
        let row = self.run(
            "SELECT count(*), coalesce(sum(file_count), 0), coalesce(sum(total_size), 0),
               coalesce(max(last_rev), 0) FROM project",
        )?;
        let row = row.first().ok_or(Error::Damaged("a count has no row"))?;
        Ok(Totals {
            projects: row.integer(0)?,
            files: row.integer(1)?,
            file_bytes: row.integer(2)?,
            last_rev: row.integer(3)?,
        })
    }

    /// Versions of all files. Reads an index of all of them.
    pub fn version_count(&self) -> Result<u64, Error> {
        let row = self.run("SELECT count(*) FROM version")?;
        let row = row.first().ok_or(Error::Damaged("a count has no row"))?;
        row.integer(0)
    }

    /// The journal mode of the file, such as `wal`.
    pub fn journal_mode(&self) -> Result<String, Error> {
        let row = self.first("PRAGMA journal_mode", Vec::new())?;
        row.ok_or(Error::Damaged("there is no journal mode"))?
            .take_text(0)
    }

    /// Reads the database and takes the lock that writing needs.
    pub fn check_works(&self) -> Result<(), Error> {
        self.write(|store| store.run("SELECT count(*) FROM project").map(drop))
    }
}
