//! One folder of a project: its files, and the folders in it.

use crate::domain::Version;
use crate::domain::folding::fold;
use crate::store::error::Error;
use crate::store::row::{Row, Value};
use crate::store::store::Store;
use crate::store::tree::{VERSION, version_with_device};

/// Names looked at for a page. A folder in it takes two, a file one.
const STEPS: i64 = 400;
/// Names looked at for a page of a search: some milliseconds.
const SEARCHED: i64 = 20_000;
/// Files of a search in a page.
const FOUND: usize = 200;
/// Files below a folder are counted up to here.
pub const MAX_COUNTED: u64 = 1_000;

/// What is in a folder.
#[derive(Debug, PartialEq, Eq)]
pub enum FolderEntry {
    /// A folder.
    Folder {
        /// Its path.
        path: String,
        /// Live files below it, up to [`MAX_COUNTED`].
        files: u64,
    },
    /// A live file, with its device.
    File(Version),
}

/// A part of a folder, in the order of names without regard to case.
#[derive(Debug, Default)]
pub struct FolderPage {
    /// 200 to 400 entries, unless it is the last page. There may be fewer in a folder that has a twin.
    pub entries: Vec<FolderEntry>,
    /// After which name the next page begins; none for the last one.
    pub next: Option<String>,
}

/// Names from one on, up to the end of a folder.
struct Range {
    /// The folder with a slash, or nothing.
    prefix: String,
    after: [Value; 2],
    end: Value,
}

impl Range {
    /// The names of the folder, or of the whole project when it is empty, that come after a name.
    fn new(folder: &str, after: &str) -> Self {
        let prefix = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let (start, from) = (fold(&prefix), fold(after));
        Self {
            // The digit after the slash; every text is smaller than a blob.
            end: match start.strip_suffix('/') {
                Some(folder) => Value::Text(format!("{folder}0")),
                None => Value::Blob(Vec::new()),
            },
            after: if from > start {
                [Value::Text(from), after.into()]
            } else {
                [Value::Text(start), "".into()]
            },
            prefix,
        }
    }
}

impl Store {
    /// A page of a folder, or of the root of the project when it is empty, after the name `next` of the page
    /// before. Needs the names of the project to be listed.
    pub fn folder(&self, project: i64, folder: &str, after: &str) -> Result<FolderPage, Error> {
        let range = Range::new(folder, after);
        let [folded, path] = range.after;
        let mut rows = self.execute(
            &folder_statement(),
            [
                project.into(),
                folded,
                path,
                range.end,
                fold(&range.prefix).as_str().into(),
                range.prefix.as_str().into(),
                (STEPS + 1).into(),
                (MAX_COUNTED as i64).into(),
            ],
        )?;
        // One more says whether there is a next page.
        let is_full = rows.len() > STEPS as usize;
        rows.truncate(STEPS as usize);
        let last = rows.last().filter(|_| is_full);
        let next = last.map(|row| row.text(6).map(str::to_owned)).transpose()?;
        let entries = rows
            .into_iter()
            .filter_map(|row| match row.integer::<i64>(7) {
                Ok(0) => None,
                Ok(_) => Some(entry(row)),
                Err(error) => Some(Err(error)),
            });
        let entries = entries.collect::<Result<_, _>>()?;
        Ok(FolderPage { entries, next })
    }

    /// The live files below a folder whose paths have a text in them, however it is written, after the name
    /// `next` of the page before: at most 200, and of 20,000 names. Needs the names to be listed.
    pub fn search(
        &self,
        project: i64,
        folder: &str,
        text: &str,
        after: &str,
    ) -> Result<FolderPage, Error> {
        let range = Range::new(folder, after);
        let end = self.end_of_search(project, &range)?;
        let [folded, path] = range.after;
        let limit = FOUND as i64 + 1;
        let rows = self.execute(
            &search_statement(),
            [
                project.into(),
                folded,
                path,
                end.as_deref()
                    .map_or(range.end, |end| fold(end).as_str().into()),
                end.as_deref().unwrap_or_default().into(),
                fold(text).as_str().into(),
                range.prefix.as_str().into(),
                limit.into(),
            ],
        )?;
        let is_full = rows.len() == limit as usize;
        let shown = rows.into_iter().take(FOUND).map(file);
        let entries: Vec<_> = shown.collect::<Result<_, _>>()?;
        let last = entries.last().map(|entry| entry.path().to_owned());
        let next = if is_full { last } else { end };
        Ok(FolderPage { entries, next })
    }

    /// The last name that a page of a search looks at; none when it comes to the end.
    fn end_of_search(&self, project: i64, range: &Range) -> Result<Option<String>, Error> {
        let [folded, path] = range.after.clone();
        let parameters = [
            project.into(),
            folded,
            path,
            range.end.clone(),
            (SEARCHED - 1).into(),
        ];
        let row = self.first(END_OF_SEARCH, parameters)?;
        row.map(|mut row| row.take_text(0)).transpose()
    }
}

impl FolderEntry {
    /// The path of the file or folder.
    pub fn path(&self) -> &str {
        match self {
            Self::Folder { path, .. } => path,
            Self::File(version) => &version.path,
        }
    }
}

/// The names directly in a folder. From one of them the walk goes to the next name, and from a name below
/// a folder to the first one behind that folder, so it looks at two names for each at the most.
fn folder_statement() -> String {
    let inside = "substr(name.folded, length(?5) + 1)";
    let next = |column: &str| {
        format!(
            "(SELECT {column} FROM live_name WHERE project = ?1 AND folded < ?4 AND (folded, path) > (
                iif(instr({inside}, '/'),
                  ?5 || substr({inside}, 1, instr({inside}, '/') - 1) || '0', name.folded),
                iif(instr({inside}, '/'), '', name.path))
              ORDER BY folded, path LIMIT 1)"
        )
    };
    format!(
        "WITH RECURSIVE name (folded, path) AS (
           SELECT * FROM (
             SELECT folded, path FROM live_name
             WHERE project = ?1 AND (folded, path) > (?2, ?3) AND folded < ?4
             ORDER BY folded, path LIMIT 1)
           UNION ALL
           SELECT next.folded, next.path FROM name
           CROSS JOIN live_name AS next ON next.project = ?1
             AND next.folded = {} AND next.path = {}
           LIMIT ?7
         )
         SELECT {VERSION}, version.device, name.path,
           NOT instr({inside}, '/') AND substr(name.path, 1, length(?6)) = ?6,
           iif(file.rev IS NULL, (SELECT count(*) FROM (
             SELECT 1 FROM file WHERE project = ?1 AND deleted = 0
               AND path > name.path || '/' AND path < name.path || '0' LIMIT ?8)), NULL)
         FROM name
         LEFT JOIN file ON file.project = ?1 AND file.path = name.path AND file.deleted = 0
         LEFT JOIN version ON version.project = ?1 AND version.rev = file.rev
         ORDER BY name.folded, name.path",
        next("folded"),
        next("path"),
    )
}

const END_OF_SEARCH: &str = "SELECT path FROM live_name
    WHERE project = ?1 AND (folded, path) > (?2, ?3) AND folded < ?4
    ORDER BY folded, path LIMIT 1 OFFSET ?5";

/// Live files between two names, the second one included, whose folded paths have a text in them.
fn search_statement() -> String {
    format!(
        "SELECT {VERSION}, version.device
         FROM (SELECT path FROM live_name
               WHERE project = ?1 AND (folded, path) > (?2, ?3) AND (folded, path) <= (?4, ?5)
                 AND instr(folded, ?6) AND substr(path, 1, length(?7)) = ?7
               ORDER BY folded, path) AS name
         CROSS JOIN file ON file.project = ?1 AND file.path = name.path AND file.deleted = 0
         CROSS JOIN version ON version.project = ?1 AND version.rev = file.rev
         LIMIT ?8"
    )
}

/// Reads the version of a file, with its device, or what is known of a folder.
fn entry(mut row: Row) -> Result<FolderEntry, Error> {
    match row.optional_integer(0)? {
        Some(_) => file(row),
        None => Ok(FolderEntry::Folder {
            files: row.integer(8)?,
            path: row.take_text(6)?,
        }),
    }
}

fn file(mut row: Row) -> Result<FolderEntry, Error> {
    version_with_device(&mut row, 5).map(FolderEntry::File)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::test_support::{TestFile, id};

    fn project(store: &Store) -> i64 {
        store.project(&id()).unwrap().unwrap().number
    }

    /// Folders with the number of their files, and files.
    fn brief(entries: &[FolderEntry]) -> Vec<String> {
        let brief = |entry: &FolderEntry| match entry {
            FolderEntry::Folder { path, files } => format!("{path}/ {files}"),
            FolderEntry::File(version) => version.path.clone(),
        };
        entries.iter().map(brief).collect()
    }

    fn list(store: &Store, folder: &str) -> Vec<String> {
        let page = store.folder(project(store), folder, "").unwrap();
        assert_eq!(page.next, None);
        brief(&page.entries)
    }

    fn push(store: &Store, paths: &[&str]) {
        let entries: Vec<_> = paths.iter().map(|path| (*path, Some("x"))).collect();
        store.push_at(1, &entries);
    }

    #[test]
    fn a_folder_has_its_files_and_folders_in_the_order_of_names() {
        let file = TestFile::new();
        let store = file.store();
        push(
            &store,
            &["b/1", "b/c/2", "b/c/3", "B.md", "a.md", "b!/x", "Ä/y", "z"],
        );
        store.push_at(10, &[("z", None)]);
        assert_eq!(list(&store, ""), ["a.md", "b/ 3", "b!/ 1", "B.md", "Ä/ 1"]);
        assert_eq!(list(&store, "b"), ["b/1", "b/c/ 2"]);
        assert_eq!(list(&store, "b/c"), ["b/c/2", "b/c/3"]);
        assert_eq!(list(&store, "Ä"), ["Ä/y"]);
        assert_eq!(list(&store, "nothing"), [] as [String; 0]);
    }

    #[test]
    fn folders_that_differ_in_case_have_each_their_own() {
        let file = TestFile::new();
        let store = file.store();
        push(&store, &["a/1", "A/2", "a/X", "A/x", "a/d/3", "A/D/4"]);
        assert_eq!(list(&store, ""), ["A/ 3", "a/ 3"]);
        assert_eq!(list(&store, "a"), ["a/1", "a/d/ 1", "a/X"]);
        assert_eq!(list(&store, "A"), ["A/2", "A/D/ 1", "A/x"]);
    }

    /// The entries of all pages, and how many pages there are.
    fn pages(next_page: impl Fn(&str) -> FolderPage) -> (Vec<String>, usize) {
        let (mut all, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = next_page(&after);
            pages += 1;
            all.extend(brief(&page.entries));
            match page.next {
                Some(next) => after = next,
                None => return (all, pages),
            }
        }
    }

    #[test]
    fn the_pages_of_a_large_folder_have_every_entry_once() {
        let file = TestFile::new();
        let store = file.store();
        let files = (0..300).map(|number| format!("f/{number:03}.md"));
        let below = (0..300).flat_map(|number| [1, 2].map(|file| format!("f/{number:03}/{file}")));
        let paths: Vec<_> = files.chain(below).collect();
        for part in paths.chunks(200) {
            push(&store, &part.iter().map(String::as_str).collect::<Vec<_>>());
        }
        let (all, pages) = pages(|after| store.folder(project(&store), "f", after).unwrap());
        let expected = (0..300).flat_map(|n| [format!("f/{n:03}/ 2"), format!("f/{n:03}.md")]);
        assert!(all.iter().eq(expected.collect::<Vec<_>>().iter()));
        assert_eq!(pages, 3);
    }

    #[test]
    fn no_page_is_empty() {
        for (files, expected) in [(STEPS - 1, 1), (STEPS, 1), (STEPS + 1, 2), (2 * STEPS, 2)] {
            let file = TestFile::new();
            let store = file.store();
            let paths: Vec<_> = (0..files).map(|number| format!("f/{number}")).collect();
            for part in paths.chunks(200) {
                push(&store, &part.iter().map(String::as_str).collect::<Vec<_>>());
            }
            let (all, pages) = pages(|after| store.folder(project(&store), "f", after).unwrap());
            assert_eq!((all.len() as i64, pages), (files, expected));
        }
    }

    #[test]
    fn a_folder_is_counted_up_to_a_limit() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a/1", Some("x"))]);
        store.add_files("a/%05d", 0..1200);
        assert_eq!(list(&store, ""), ["a/ 1000"]);
    }

    #[test]
    fn a_text_is_found_however_it_is_written() {
        let file = TestFile::new();
        let store = file.store();
        push(
            &store,
            &["i/Ghi Chú.md", "i/GHI CHU\u{301}/x", "i/chu", "j/ghi chú"],
        );
        let found = |folder, text| {
            let page = store.search(project(&store), folder, text, "").unwrap();
            assert_eq!(page.next, None);
            brief(&page.entries)
        };
        assert_eq!(
            found("i", "ghi chú"),
            ["i/Ghi Chú.md", "i/GHI CHU\u{301}/x"]
        );
        assert_eq!(found("", "CHÚ").len(), 3);
        assert_eq!(found("", "ghi_chú"), [] as [String; 0]);
        assert_eq!(found("", "%"), [] as [String; 0]);
    }

    #[test]
    fn a_search_goes_through_all_names_a_page_at_a_time() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(1, &[("a/first", Some("x"))]);
        let more =
            "WITH RECURSIVE more (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM more LIMIT 40300)
            INSERT INTO live_name (project, folded, path, fault)
            SELECT number, printf('a/%05d', n), printf('a/%05d', n), 0 FROM more, project";
        store.run(more).unwrap();
        store.add_files("a/%05d", 20_150..20_450);
        store.add_files("a/%05d", 40_299..40_300);
        let search = |after: &str| store.search(project(&store), "a", "/", after).unwrap();
        let (all, pages) = pages(search);
        assert_eq!((all.len(), pages), (302, 3));
    }

    #[test]
    fn a_page_reads_its_own_names_only() {
        let file = TestFile::new();
        let store = file.store();
        for (statement, parameters) in [
            (folder_statement(), 8),
            (search_statement(), 8),
            (END_OF_SEARCH.to_owned(), 5),
        ] {
            store.assert_seeks(&statement, parameters, &["name"]);
        }
    }
}
