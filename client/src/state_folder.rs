//! `.kamiflow/.sync`, the folder with what the program remembers.

use std::io;
use std::path::Path;

use crate::error::{At, SyncError};

/// Keeps the key, the state and removed files out of a repository that the folder may be in.
const GITIGNORE: &str = ".gitignore";

/// Makes the folder, where it is not there yet.
pub fn prepare(state_folder: &Path) -> Result<(), SyncError> {
    std::fs::create_dir_all(state_folder).at(state_folder)?;
    protect(state_folder)
}

/// Makes the folder in a round, but not `.kamiflow` around it: that may be a disk which is away, and is to come back in this place.
pub fn prepare_again(state_folder: &Path) -> Result<(), SyncError> {
    match std::fs::create_dir(state_folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made.at(state_folder)?,
    }
    protect(state_folder)
}

fn protect(state_folder: &Path) -> Result<(), SyncError> {
    no_links(state_folder)?;
    let gitignore = state_folder.join(GITIGNORE);
    if gitignore.exists() {
        Ok(())
    } else {
        std::fs::write(&gitignore, "*\n").at(&gitignore)
    }
}

/// Refuses a folder in which a file is a link. It may come with a repository, and what is written through the link would
/// destroy a file elsewhere.
pub fn no_links(state_folder: &Path) -> Result<(), SyncError> {
    for entry in state_folder.read_dir().at(state_folder)? {
        let place = entry.at(state_folder)?.path();
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
    let state_folder = root.path().join(".sync");
    for _ in 0..2 {
        prepare(&state_folder).unwrap();
        let gitignore = std::fs::read_to_string(state_folder.join(".gitignore"));
        assert_eq!(gitignore.unwrap(), "*\n");
        std::fs::remove_dir_all(&state_folder).unwrap();
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
    let state_folder = root.path().join("a/.sync");
    prepare(&state_folder).unwrap();
    symlink(other.path(), state_folder.join("trash")).unwrap();
    std::fs::write(state_folder.join("state.json"), "{}").unwrap();
    prepare(&state_folder).unwrap();
    let target = other.path().join("precious");
    for exists in [false, true] {
        if exists {
            std::fs::write(&target, "text").unwrap();
        }
        let link = state_folder.join("kamisync.lock");
        symlink(&target, &link).unwrap();
        let said = prepare(&state_folder).unwrap_err().to_string();
        assert!(
            said.contains("kamisync.lock") && said.contains("symbolic links"),
            "{said}"
        );
        std::fs::remove_file(link).unwrap();
    }
}
