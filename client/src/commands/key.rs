//! The key of this device: kept beside the state of the folder, for its owner alone and for one server alone.

use std::fs;
use std::io::ErrorKind;

use anyhow::{Context, Result};

use super::exit::usage;
use crate::config::Folder;
use crate::private_file;
use crate::state::State;
use crate::state_folder;
use crate::transport::Address;

/// The variable that goes before the file.
pub const KEY: &str = "KAMISYNC_KEY";
/// Its file, in `.kamiflow/.sync`.
pub const FILE: &str = "kamisync.key";
/// The address that the key was given for, in the same folder.
const SERVER: &str = "kamisync.server";
/// The project that the folder was linked with, in the same folder.
const PROJECT: &str = "kamisync.project";

/// The key that the folder was linked with, for the server that it was linked with.
///
/// `.kamirc.json` may come with a repository, and whoever changes it there must not get the key.
pub fn read(folder: &Folder, address: &Address) -> Result<String> {
    if let Some(key) = of_environment() {
        return sound(&key).ok_or_else(|| {
            usage(format!(
                "{KEY} is no key: set it to that of this device, or not at all."
            ))
        });
    }
    let key = of_link(folder, FILE)?;
    let linked = of_link(folder, SERVER)?;
    if linked != address.to_string() {
        return Err(usage(format!(
            "This folder was linked with {linked}, and .kamirc.json names {address}: run `kamisync link {address}` if that is right."
        )));
    }
    sound(&key).ok_or_else(|| {
        let file = folder.state_folder().join(FILE);
        usage(format!(
            "{} has no key: run `kamisync link {address}` again.",
            file.display()
        ))
    })
}

/// Refuses another project than the one that the folder was linked with, or synced with where it was linked before this
/// was kept. Whoever changes `.kamirc.json` in a repository must not get the notes.
pub fn require_project(folder: &Folder, id: &str, address: &Address) -> Result<()> {
    let linked = match fs::read_to_string(folder.state_folder().join(PROJECT)) {
        Err(error) if error.kind() == ErrorKind::NotFound => State::project(folder)?,
        linked => Some(linked?.trim().to_owned()),
    };
    match linked {
        Some(linked) if linked != id => Err(usage(format!(
            "This folder was linked with the project {linked}, and .kamirc.json names {id}: run `kamisync link {address}` \
             if that is right."
        ))),
        _ => Ok(()),
    }
}

/// Whether the folder was linked with the server at this address.
pub fn is_of(folder: &Folder, address: &Address) -> bool {
    of_link(folder, SERVER).is_ok_and(|linked| linked == address.to_string())
}

/// What the variable is set to, if it is.
pub fn of_environment() -> Option<String> {
    let key = std::env::var_os(KEY)?;
    Some(key.to_string_lossy().into_owned())
}

/// A key without the space around it; none for what no header can carry.
pub fn sound(text: &str) -> Option<String> {
    let key = text.trim();
    let is_sound = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
    is_sound.then(|| key.to_owned())
}

/// What `link` wrote into a file.
fn of_link(folder: &Folder, name: &str) -> Result<String> {
    let file = folder.state_folder().join(name);
    match fs::read(&file) {
        Ok(text) => Ok(String::from_utf8_lossy(&text).trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(usage("There is no key yet: run `kamisync link URL` here."))
        }
        Err(error) => Err(usage(format!(
            "{} cannot be read: {error}.",
            file.display()
        ))),
    }
}

/// Keeps a key for a project of a server, readable for the user alone. These come first: a watch that looks in between
/// finds that the settings name others.
pub fn write(folder: &Folder, key: &str, address: &Address, project: &str) -> Result<()> {
    let state_folder = folder.state_folder();
    state_folder::prepare(&state_folder)?;
    let file = state_folder.join(FILE);
    let written = private_file::write(&state_folder.join(SERVER), &address.to_string())
        .and_then(|()| private_file::write(&state_folder.join(PROJECT), project))
        .and_then(|()| private_file::write(&file, key));
    written.with_context(|| format!("{} cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::parse("https://sync.example.com").unwrap()
    }

    #[test]
    fn a_key_is_for_the_server_that_it_was_given_for() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        write(&folder, "key", &address(), "p").unwrap();
        assert_eq!(read(&folder, &address()).unwrap(), "key");
        let other = Address::parse("https://evil.example.com").unwrap();
        let said = read(&folder, &other).unwrap_err().to_string();
        assert!(said.contains("kamisync link"), "{said}");
        fs::remove_file(folder.state_folder().join(SERVER)).unwrap();
        assert!(read(&folder, &address()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_readable_for_its_user_alone_also_where_there_was_one() {
        use std::os::unix::fs::PermissionsExt;

        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let file = folder.state_folder().join(FILE);
        write(&folder, "first", &address(), "p").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        write(&folder, "second", &address(), "p").unwrap();
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(read(&folder, &address()).unwrap(), "second");
    }

    #[test]
    fn a_folder_that_was_never_linked_says_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::open(root.path()).unwrap();
        let said = read(&folder, &address()).unwrap_err().to_string();
        assert!(said.contains("kamisync link"), "{said}");
    }
}
