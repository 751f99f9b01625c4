//! `.kamiflow/.sync`, the folder with what the program remembers.

use std::io;
use std::path::Path;

use crate::error::{At, SyncError};

/// Keeps the key, the state and removed files out of a repository that the folder may be in.
const GITIGNORE: &str = ".gitignore";

/// Makes the folder, where it is not there yet.
pub fn prepare(memory: &Path) -> Result<(), SyncError> {
    std::fs::create_dir_all(memory).at(memory)?;
    protect(memory)
}

/// Makes the folder in a round, but not `.kamiflow` around it: that may be a disk which is away, and is to come back in this place.
pub fn prepare_again(memory: &Path) -> Result<(), SyncError> {
    match std::fs::create_dir(memory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made.at(memory)?,
    }
    protect(memory)
}

fn protect(memory: &Path) -> Result<(), SyncError> {
    no_links(memory)?;
    let gitignore = memory.join(GITIGNORE);
    if gitignore.exists() {
        Ok(())
    } else {
        std::fs::write(&gitignore, "*\n").at(&gitignore)
    }
}

/// Refuses a folder in which a file is a link. It may come with a repository, and what is written through the link would
/// destroy a file elsewhere.
pub fn no_links(memory: &Path) -> Result<(), SyncError> {
    for entry in memory.read_dir().at(memory)? {
        let place = entry.at(memory)?.path();
        if place.is_symlink() && !place.is_dir() {
            let reason = "symbolic links are not allowed there";
            return Err(io::Error::other(reason)).at(&place);
        }
    }
    Ok(())
}

#[test]
fn a_repository_takes_nothing_of_the_folder_whoever_made_it() {
    let root = tempfile::tempdir().unwrap();
    let memory = root.path().join(".sync");
    for _ in 0..2 {
        prepare(&memory).unwrap();
        let gitignore = std::fs::read_to_string(memory.join(".gitignore"));
        assert_eq!(gitignore.unwrap(), "*\n");
        std::fs::remove_dir_all(&memory).unwrap();
    }
}

#[test]
fn a_round_makes_the_folder_but_not_the_one_around_it() {
    let root = tempfile::tempdir().unwrap();
    let kamiflow = root.path().join(".kamiflow");
    assert!(prepare_again(&kamiflow.join(".sync")).is_err());
    assert!(!kamiflow.exists());
    std::fs::create_dir(&kamiflow).unwrap();
    for _ in 0..2 {
        prepare_again(&kamiflow.join(".sync")).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_a_link_is_refused_and_a_folder_is_not() {
    use std::os::unix::fs::symlink;

    let (root, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let memory = root.path().join("a/.sync");
    prepare(&memory).unwrap();
    symlink(other.path(), memory.join("trash")).unwrap();
    std::fs::write(memory.join("state.json"), "{}").unwrap();
    prepare(&memory).unwrap();
    let target = other.path().join("precious");
    for exists in [false, true] {
        if exists {
            std::fs::write(&target, "text").unwrap();
        }
        let link = memory.join("kamisync.lock");
        symlink(&target, &link).unwrap();
        let said = prepare(&memory).unwrap_err().to_string();
        assert!(
            said.contains("kamisync.lock") && said.contains("symbolic links"),
            "{said}"
        );
        std::fs::remove_file(link).unwrap();
    }
}
