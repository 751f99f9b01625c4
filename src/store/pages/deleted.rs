//! Deleted files, with what is kept of them.

use crate::domain::Rev;
use crate::domain::folding::fold;
use crate::store::error::Error;
use crate::store::row::{Row, json_array};
use crate::store::store::Store;

/// Files in a page.
const PAGE: usize = 100;
/// Paths that a page of a search looks at: some ten milliseconds.
const SEARCHED: usize = 10_000;

/// A deleted file.
#[derive(Debug, PartialEq, Eq)]
pub struct DeletedFile {
    /// Its path.
    pub path: String,
    /// The rev of its deletion.
    pub rev: Rev,
    /// The device that deleted it, as far as it said.
    pub device: Option<String>,
    /// Its last version before; none when that was purged.
    pub last: Option<LastVersion>,
}

/// The last version of a file before it was deleted.
#[derive(Debug, PartialEq, Eq)]
pub struct LastVersion {
    /// The rev that brings the file back.
    pub rev: Rev,
    /// Bytes of its content.
    pub size: u64,
    /// Milliseconds since 1970, by the client's clock.
    pub modified: i64,
    /// Whether its content is still kept.
    pub is_kept: bool,
}

/// Deleted files, the last deletion first.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DeletedPage {
    /// At most 100.
    pub files: Vec<DeletedFile>,
    /// Before which rev the next page begins; none for the last one.
    pub next: Option<Rev>,
}

impl Store {
    /// The files of a project that were deleted before a rev. With a text, those whose paths have it in
    /// them, however it is written, of the next 10,000.
    pub fn deleted_files(
        &self,
        project: i64,
        text: &str,
        before: Rev,
    ) -> Result<DeletedPage, Error> {
        let looked_at = match text {
            "" => PAGE,
            _ => SEARCHED,
        };
        let limit = (looked_at as i64 + 1).into();
        let paths = self.execute(PATHS, [project.into(), before.into(), limit])?;
        let (text, mut revs, mut next) = (fold(text), Vec::new(), None);
        for (place, row) in paths.iter().enumerate() {
            if revs.len() == PAGE || place == looked_at {
                break;
            }
            let (rev, is_last) = (row.integer(1)?, place + 1 == paths.len());
            if fold(row.text(0)?).contains(&text) {
                revs.push(rev);
            }
            next = (!is_last).then_some(rev);
        }
        let revs = json_array(revs.into_iter());
        let rows = self.execute(FILES, [project.into(), revs])?;
        let files = rows
            .into_iter()
            .map(deleted_file)
            .collect::<Result<_, _>>()?;
        Ok(DeletedPage { files, next })
    }
}

const PATHS: &str = "SELECT path, rev FROM file
    WHERE project = ?1 AND deleted = 1 AND rev < ?2 ORDER BY rev DESC LIMIT ?3";

const FILES: &str = "SELECT gone.path, gone.rev, gone.device,
      last.rev, last.size, last.modified, last.content IS NOT NULL
    FROM json_each(?2) AS asked
    CROSS JOIN version AS gone ON gone.project = ?1 AND gone.rev = asked.value
    LEFT JOIN version AS last ON last.project = ?1 AND last.rev = gone.previous";

fn deleted_file(mut row: Row) -> Result<DeletedFile, Error> {
    let last = |rev| {
        Ok::<_, Error>(LastVersion {
            rev,
            size: row.integer(4)?,
            modified: row.integer(5)?,
            is_kept: row.integer::<i64>(6)? != 0,
        })
    };
    Ok(DeletedFile {
        last: row.optional_integer(3)?.map(last).transpose()?,
        rev: row.integer(1)?,
        device: row.optional_text(2)?.map(str::to_owned),
        path: row.take_text(0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::test_support::{TestFile, id};

    fn deleted(store: &Store, text: &str, before: Rev) -> DeletedPage {
        let project = store.project(&id()).unwrap().unwrap().number;
        store.deleted_files(project, text, before).unwrap()
    }

    fn paths(page: &DeletedPage) -> Vec<&str> {
        page.files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn a_deleted_file_is_listed_with_what_brings_it_back() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(
            1,
            &[("a", Some("four")), ("b", Some("x")), ("c", Some("y"))],
        );
        store.push_at(11, &[("a", None)]);
        store.push_at(21, &[("b", None), ("c", Some("z"))]);
        let page = deleted(&store, "", Rev::MAX);
        assert_eq!((paths(&page), page.next), (vec!["b", "a"], None));
        let last = LastVersion {
            rev: 1,
            size: 4,
            modified: 0,
            is_kept: true,
        };
        assert_eq!(page.files[1].last.as_ref(), Some(&last));
        assert_eq!(page.files[1].rev, 11);
        store.push_at(31, &[("a", Some("again"))]);
        assert_eq!(paths(&deleted(&store, "", Rev::MAX)), ["b"]);
        store.run("UPDATE version SET content = NULL").unwrap();
        let last = deleted(&store, "", Rev::MAX).files.remove(0).last.unwrap();
        assert!(!last.is_kept);
        store.run("DELETE FROM version WHERE rev < 10").unwrap();
        assert_eq!(deleted(&store, "", Rev::MAX).files[0].last, None);
    }

    #[test]
    fn a_deleted_file_is_found_however_its_name_is_written() {
        let file = TestFile::new();
        let store = file.store();
        let names = ["i/Ghi Chú.md", "i/b", "ghi chu\u{301}"];
        store.push_at(1, &names.map(|name| (name, Some("x"))));
        store.push_at(11, &names.map(|name| (name, None)));
        let page = deleted(&store, "CHÚ", Rev::MAX);
        assert_eq!(paths(&page), ["ghi chu\u{301}", "i/Ghi Chú.md"]);
        assert_eq!(page.next, None);
        assert_eq!(deleted(&store, "nothing", Rev::MAX), DeletedPage::default());
    }

    #[test]
    fn every_deleted_file_is_on_one_page() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("first", Some("x"))]);
        store.push_at(11, &[("first", None)]);
        store.add_files("a/%05d", 0..12_000);
        store
            .run("UPDATE version SET checksum = NULL, size = 0")
            .unwrap();
        store.run("UPDATE file SET deleted = 1").unwrap();
        for (text, pages, files) in [("", 121, 12_001), ("a/0005", 2, 10), ("first", 2, 1)] {
            let (mut before, mut sizes, mut seen) = (Rev::MAX, Vec::new(), 0);
            loop {
                let page = deleted(&store, text, before);
                sizes.push(page.files.len());
                seen += page.files.len();
                match page.next {
                    Some(next) => before = next,
                    None => break,
                }
            }
            assert_eq!((sizes.len(), seen), (pages, files), "{text}");
            assert!(sizes.iter().all(|size| *size <= PAGE), "{text}");
        }
    }

    #[test]
    fn a_page_reads_its_own_rows_only() {
        let store = TestFile::new();
        let store = store.store();
        store.assert_seeks(PATHS, 3, &[]);
        store.assert_seeks(FILES, 2, &["asked"]);
    }
}
