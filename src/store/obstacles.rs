//! What keeps files from being stored, as a push would find out: no disk can hold a file `a` beside a file `a/b`.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::error::Error;
use super::row::json_array;
use super::store::Store;
use crate::domain::FilePath;

/// Paths in one statement.
const STEP_PATHS: usize = 10_000;

impl Store {
    /// Of files that are to be stored together, those that cannot be, each with the file in its way: one of the
    /// project or of them that is a folder of it, or a live file below it.
    pub fn obstacles(
        &self,
        project: i64,
        files: &[FilePath],
    ) -> Result<HashMap<String, String>, Error> {
        let mut taken: HashSet<&str> = files.iter().map(FilePath::as_str).collect();
        let folders: BTreeSet<&str> = files.iter().flat_map(FilePath::folders).collect();
        let live = self.found(project, LIVE, &Vec::from_iter(folders))?;
        taken.extend(live.keys().map(String::as_str));
        let above = |file: &FilePath| {
            let above = file.folders().find(|folder| taken.contains(folder))?;
            Some((file.to_string(), above.to_owned()))
        };
        let mut obstacles: HashMap<_, _> = files.iter().filter_map(above).collect();
        // So the folders of the others do not overlap, and no file is looked at twice.
        let others = files.iter().map(FilePath::as_str);
        let others: Vec<_> = others.filter(|it| !obstacles.contains_key(*it)).collect();
        obstacles.extend(self.found(project, BELOW, &others)?);
        Ok(obstacles)
    }

    /// Of these paths those for which a statement finds another, with that one.
    fn found(
        &self,
        project: i64,
        statement: &str,
        paths: &[&str],
    ) -> Result<HashMap<String, String>, Error> {
        let mut found = HashMap::new();
        for paths in paths.chunks(STEP_PATHS) {
            let parameters = [project.into(), json_array(paths.iter().copied())];
            for mut row in self.execute(statement, parameters)? {
                found.insert(row.take_text(0)?, row.take_text(1)?);
            }
        }
        Ok(found)
    }
}

const LIVE: &str = "SELECT file.path, file.path FROM json_each(?2) AS asked
    CROSS JOIN file ON file.project = ?1 AND file.path = asked.value AND file.deleted = 0";

/// '0' is the character behind '/'.
const BELOW: &str = "SELECT value, below FROM (
      SELECT asked.value AS value, (
        SELECT path FROM file WHERE project = ?1 AND deleted = 0
          AND path > asked.value || '/' AND path < asked.value || '0' LIMIT 1) AS below
      FROM json_each(?2) AS asked)
    WHERE below IS NOT NULL";

#[cfg(test)]
mod tests {
    use super::super::test_support::{TestFile, id, path};
    use super::*;

    #[test]
    fn a_file_is_no_folder() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(
            1,
            &[("a", Some("x")), ("b/c", Some("x")), ("d/e", Some("x"))],
        );
        store.push_at(11, &[("d/e", None)]);
        let project = store.project(&id()).unwrap().unwrap().number;
        let files = ["a", "a-b", "a/b/c", "b", "b/d", "d", "d/e", "f", "f/g"].map(path);
        let obstacles = store.obstacles(project, &files).unwrap();
        let mut obstacles = Vec::from_iter(obstacles);
        obstacles.sort_unstable();
        let expected = [
            ("a/b/c", "a"),
            ("b", "b/c"),
            ("b/d", "b"),
            ("d/e", "d"),
            ("f/g", "f"),
        ];
        let expected = expected.map(|(file, other)| (file.to_owned(), other.to_owned()));
        assert_eq!(obstacles, expected);
    }

    #[test]
    fn obstacles_are_found_by_an_index() {
        let file = TestFile::new();
        let store = file.store();
        store.assert_seeks(LIVE, 2, &["asked"]);
        store.assert_seeks(BELOW, 2, &["asked"]);
    }
}
