//! The live files of a project in parts that fit into memory.

use crate::domain::Rev;
use crate::store::error::Error;
use crate::store::row::Row;
use crate::store::store::Store;

/// Files in one statement.
const STEP_FILES: usize = 10_000;

/// Some live files of a project: those with a rev after one, up to that of the next part.
#[derive(Debug, PartialEq, Eq)]
pub struct Part {
    /// The rev before its first file.
    pub after: Rev,
    /// How many files it has.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Store {
    /// Parts of at most so many bytes each, or of one file that alone has more, in the order of changes. Reads
    /// a row of each live file. To be called on a snapshot.
    pub fn parts(&self, project: i64, max_bytes: u64) -> Result<Vec<Part>, Error> {
        let (mut parts, mut after) = (Vec::new(), 0);
        loop {
            let parameters = [project.into(), after.into(), (STEP_FILES as i64).into()];
            let rows = self.execute(SIZES, parameters)?;
            for row in &rows {
                after = add(&mut parts, after, row, max_bytes)?;
            }
            if rows.len() < STEP_FILES {
                return Ok(parts);
            }
        }
    }
}

/// Adds a file that comes after a rev, and returns its own.
fn add(parts: &mut Vec<Part>, after: Rev, row: &Row, max_bytes: u64) -> Result<Rev, Error> {
    let bytes: u64 = row.integer(1)?;
    match parts.last_mut() {
        Some(part) if part.bytes + bytes <= max_bytes => {
            part.files += 1;
            part.bytes += bytes;
        }
        _ => parts.push(Part {
            after,
            files: 1,
            bytes,
        }),
    }
    row.integer(0)
}

const SIZES: &str = "SELECT file.rev, size FROM file
    CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
    WHERE file.project = ?1 AND deleted = 0 AND file.rev > ?2 ORDER BY file.rev LIMIT ?3";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::test_support::{TestFile, id};

    #[test]
    fn every_live_file_is_in_one_part_and_a_large_one_is_alone() {
        let file = TestFile::new();
        let store = file.store();
        let revs = store.push_at(
            1,
            &[
                ("a", Some("1234")),
                ("b", Some("56")),
                ("c", Some("7")),
                ("large", Some("0123456789")),
                ("gone", Some("x")),
                ("d", Some("8")),
            ],
        );
        store.push_at(2, &[("gone", None)]);
        let project = store.project(&id()).unwrap().unwrap().number;
        let part = |after, files, bytes| Part {
            after,
            files,
            bytes,
        };
        let parts = [
            part(0, 2, 6),
            part(revs[1], 1, 1),
            part(revs[2], 1, 10),
            part(revs[3], 1, 1),
        ];
        assert_eq!(store.parts(project, 6).unwrap(), parts);
        assert_eq!(store.parts(project, 100).unwrap(), [part(0, 5, 18)]);
        assert_eq!(store.parts(project + 1, 100).unwrap(), []);
    }

    #[test]
    fn more_files_than_one_statement_reads_are_in_one_part() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a", Some("x"))]);
        store.add_files("f%d", 0..2 * STEP_FILES as i64);
        let project = store.project(&id()).unwrap().unwrap().number;
        let parts = store.parts(project, 100).unwrap();
        assert_eq!(
            (parts.len(), parts[0].files),
            (1, 2 * STEP_FILES as u64 + 1)
        );
    }

    #[test]
    fn parts_are_found_by_an_index() {
        TestFile::new().store().assert_seeks(SIZES, 3, &[]);
    }
}
