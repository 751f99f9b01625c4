//! The files of a database, whatever name leads to them.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::files::{behind_links, folder_of, with_suffix};

/// What the names of the files end in: the database, what `SQLite` has beside it, what this program has there, and
/// a restore that is not finished.
const SUFFIXES: [&str; 9] = [
    "",
    "-wal",
    "-shm",
    "-journal",
    "-lock",
    "-log-base",
    "-reserve",
    "-last-backup",
    ".part",
];

/// The file of `database` that `path` is, or would be: they need not exist. Symbolic and hard links are seen through.
pub fn find(database: &Path, path: &Path) -> Option<PathBuf> {
    let database = behind_links(database);
    let mut own = SUFFIXES.iter().map(|suffix| with_suffix(&database, suffix));
    own.find(|own| is_same(path, own))
}

/// Whether both are one file, or would be if they existed.
pub fn is_same(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| path.metadata().ok().map(|it| (it.dev(), it.ino()));
    let is_one_file = identity(one).is_some_and(|one| identity(other) == Some(one));
    let places = [place(one), place(&behind_links(one))];
    is_one_file || place(other).is_some_and(|other| places.contains(&Some(other)))
}

/// The path without links and dots in the name of its folder.
fn place(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let folder = folder_of(&path).canonicalize().ok()?;
    Some(folder.join(path.file_name()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_of_the_database_are_known_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("data")).unwrap();
        std::fs::write(at("data/x.db"), "").unwrap();
        symlink(at("data"), at("linked")).unwrap();
        symlink("data/x.db", at("link.db")).unwrap();
        symlink(at("linked/x.db-wal"), at("log")).unwrap();
        std::fs::hard_link(at("data/x.db"), at("hard.db")).unwrap();
        for database in [at("data/x.db"), at("link.db")] {
            for own in [
                "data/x.db",
                "data/../data/x.db",
                "linked/x.db",
                "link.db",
                "hard.db",
                "data/x.db-wal",
                "linked/x.db-reserve",
                "log",
            ] {
                assert!(find(&database, &at(own)).is_some(), "{own}");
            }
            for other in ["data/y.db", "x.db", "data/x.db-2026", "none/x.db"] {
                assert_eq!(find(&database, &at(other)), None, "{other}");
            }
        }
    }
}
