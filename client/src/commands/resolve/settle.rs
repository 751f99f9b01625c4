//! Settles a conflict. What is not kept goes to the trash.

use std::fs;
use std::io::ErrorKind;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::apply::{Disk, Old, Outcome, Write, remove_all, write_all};
use crate::checksum::checksum;
use crate::cli::Keep;
use crate::config::Folder;
use crate::lock::Lock;
use crate::report::ConflictCopy;
use crate::state_folder;

/// Keeps one of the two texts under the name of the file. A round that another program does is waited for.
pub fn settle(folder: &Folder, conflict: &ConflictCopy, keep: Keep) -> Result<()> {
    let state_folder = folder.state_folder();
    state_folder::prepare(&state_folder)?;
    let _lock = Lock::to_change_files(&state_folder)?;
    let disk = Disk::of(folder)?;
    let Some(copy) = content(folder, &conflict.copy)? else {
        bail!("{} is gone.", conflict.copy);
    };
    match keep {
        Keep::Copy => take(&disk, conflict, &copy)?,
        Keep::File => require_file(folder, conflict)?,
    }
    let removed = remove_all(&disk, &[(&conflict.copy, &checksum(&copy))])?;
    done(&conflict.copy, removed)
}

/// A file that was renamed or deleted is not kept, and its copy may be all that there is of a text.
fn require_file(folder: &Folder, conflict: &ConflictCopy) -> Result<()> {
    let ConflictCopy { path, copy, .. } = conflict;
    match content(folder, path)? {
        Some(_) => Ok(()),
        None => bail!(
            "{path} is not there, so nothing was done: --keep copy gives it the text of {copy}; delete that \
             file yourself if it is not needed."
        ),
    }
}

/// Gives the file the text of its copy.
fn take(disk: &Disk, conflict: &ConflictCopy, copy: &[u8]) -> Result<()> {
    let file = content(disk.folder, &conflict.path)?;
    let expected = file.as_deref().map(checksum);
    if expected.as_ref() == Some(&checksum(copy)) {
        return Ok(());
    }
    let since_1970 = disk.now.duration_since(SystemTime::UNIX_EPOCH);
    let write = Write {
        path: &conflict.path,
        like: &conflict.path,
        content: copy,
        modified: since_1970.map_or(0, |time| time.as_millis() as i64),
        expected: expected.as_deref(),
        old: Old::Trash,
    };
    done(&conflict.path, write_all(disk, &[write])?)
}

fn done(path: &str, outcomes: Vec<Outcome>) -> Result<()> {
    match outcomes.into_iter().next() {
        Some(Outcome::Blocked(reason)) => bail!("{path} cannot be changed: {reason}."),
        Some(Outcome::Changed) => bail!("{path} was changed just now: look at it again."),
        _ => Ok(()),
    }
}

/// The content of a file, if there is one.
pub fn content(folder: &Folder, path: &str) -> Result<Option<Vec<u8>>> {
    match fs::read(folder.place(path)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        content => content
            .map(Some)
            .with_context(|| format!("{path} cannot be read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "ideas/a.md";
    const COPY: &str = "ideas/a (conflict b 2026-11-26 1405).md";

    type Content = Option<Vec<u8>>;

    /// The file, the copy, and what is in the trash.
    fn settled(keep: Keep) -> (Content, Content, Vec<Vec<u8>>) {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        fs::create_dir_all(folder.place("ideas")).unwrap();
        fs::create_dir_all(folder.state_folder()).unwrap();
        fs::write(folder.place(FILE), "file").unwrap();
        fs::write(folder.place(COPY), "copy").unwrap();
        let conflict = ConflictCopy {
            path: FILE.to_owned(),
            copy: COPY.to_owned(),
            is_local: false,
        };
        settle(&folder, &conflict, keep).unwrap();
        assert!(settle(&folder, &conflict, keep).is_err(), "it is settled");
        let trash = files_below(&folder.trash());
        (
            content(&folder, FILE).unwrap(),
            content(&folder, COPY).unwrap(),
            trash,
        )
    }

    fn files_below(folder: &std::path::Path) -> Vec<Vec<u8>> {
        let entries = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let contents = entries.flat_map(|path| {
            if path.is_dir() {
                files_below(&path)
            } else {
                vec![fs::read(path).unwrap()]
            }
        });
        let mut contents: Vec<_> = contents.collect();
        contents.sort();
        contents
    }

    #[test]
    fn the_text_that_is_not_kept_is_in_the_trash() {
        let (file, copy, trash) = settled(Keep::File);
        assert_eq!((file.as_deref(), copy), (Some(&b"file"[..]), None));
        assert_eq!(trash, [b"copy".to_vec()]);
        let (file, copy, trash) = settled(Keep::Copy);
        assert_eq!((file.as_deref(), copy), (Some(&b"copy"[..]), None));
        assert_eq!(trash, [b"copy".to_vec(), b"file".to_vec()]);
    }

    #[test]
    fn a_file_that_is_not_there_is_not_kept_in_place_of_its_copy() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        fs::create_dir_all(folder.place("ideas")).unwrap();
        fs::write(folder.place(COPY), "copy").unwrap();
        let conflict = ConflictCopy {
            path: FILE.to_owned(),
            copy: COPY.to_owned(),
            is_local: false,
        };
        let refusal = settle(&folder, &conflict, Keep::File).unwrap_err();
        let refusal = refusal.to_string();
        assert!(refusal.contains("--keep copy"), "{refusal}");
        assert_eq!(content(&folder, COPY).unwrap().unwrap(), b"copy");
        settle(&folder, &conflict, Keep::Copy).unwrap();
        assert_eq!(content(&folder, FILE).unwrap().unwrap(), b"copy");
    }

    #[test]
    fn a_round_that_works_is_waited_for() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        fs::create_dir_all(folder.place("ideas")).unwrap();
        fs::create_dir_all(folder.state_folder()).unwrap();
        fs::write(folder.place(FILE), "file").unwrap();
        fs::write(folder.place(COPY), "copy").unwrap();
        let conflict = ConflictCopy {
            path: FILE.to_owned(),
            copy: COPY.to_owned(),
            is_local: false,
        };
        let round = Lock::to_change_files(&folder.state_folder()).unwrap();
        std::thread::scope(|scope| {
            let settled = scope.spawn(|| settle(&folder, &conflict, Keep::File).unwrap());
            std::thread::sleep(std::time::Duration::from_millis(300));
            assert_eq!(content(&folder, COPY).unwrap().unwrap(), b"copy");
            drop(round);
            settled.join().unwrap();
        });
        assert_eq!(content(&folder, COPY).unwrap(), None);
    }
}
