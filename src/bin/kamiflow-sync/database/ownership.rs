//! Who owns the data, for the message when this process may not use it.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Error, anyhow};
use rusqlite::ErrorCode;

use super::files::{folder_of, with_suffix};

/// What SQLite says of a file that it may not open or write to.
const DENIED: [ErrorCode; 3] = [
    ErrorCode::CannotOpen,
    ErrorCode::PermissionDenied,
    ErrorCode::ReadOnly,
];

/// The error for a `database` that cannot be used: whose it is and what to run, when access was
/// denied because it belongs to another user; else `error`.
pub fn explain(database: &Path, error: Error) -> Error {
    match advice(database).filter(|_| is_denied(&error)) {
        Some(advice) => anyhow!(advice),
        None => error,
    }
}

fn is_denied(error: &Error) -> bool {
    let by_system = error.downcast_ref::<std::io::Error>();
    let by_sqlite = error.downcast_ref::<rusqlite::Error>();
    by_system.is_some_and(|error| error.kind() == ErrorKind::PermissionDenied)
        || by_sqlite
            .and_then(rusqlite::Error::sqlite_error_code)
            .is_some_and(|code| DENIED.contains(&code))
}

fn advice(database: &Path) -> Option<String> {
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    let (user, group) = (user.as_raw(), group.as_raw());
    let folder = folder_of(database);
    let beside = ["", "-wal", "-shm", "-lock"].map(|suffix| with_suffix(database, suffix));
    let mut paths = std::iter::once(folder).chain(beside.iter().map(AsRef::as_ref));
    let foreign = paths.find_map(|path| {
        let owner = path.symlink_metadata().ok()?.uid();
        (owner != user).then(|| format!("{} belongs to user {owner}", path.display()))
    })?;
    let folder = quoted(folder);
    Some(format!(
        "{foreign}, but this program runs as user {user}: chown -R {user}:{group} {folder}"
    ))
}

/// As a word for a shell.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    match path.chars().all(is_plain) {
        true => path.into_owned(),
        false => format!("'{}'", path.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied() -> Error {
        let error = std::io::Error::from(ErrorKind::PermissionDenied);
        Error::new(error).context("cannot write")
    }

    #[test]
    fn data_of_this_user_is_not_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        assert_eq!(advice(&database), None);
        let error = explain(&database, denied());
        assert_eq!(error.to_string(), "cannot write");
    }

    #[test]
    fn a_folder_of_another_user_is_named_with_both_users_and_the_command() {
        let user = rustix::process::geteuid().as_raw();
        // Every system has a folder of root, and root may give one away.
        let folder = tempfile::tempdir().unwrap();
        let (database, owner) = match std::os::unix::fs::chown(folder.path(), Some(4711), None) {
            Ok(()) => (folder.path().join("x.db"), 4711),
            Err(_) => ("/usr/x.db".into(), 0),
        };
        let text = explain(&database, denied()).to_string();
        assert!(text.contains(&format!(
            "user {owner}, but this program runs as user {user}"
        )));
        assert!(text.contains(&format!("chown -R {user}:")), "{text}");
        let full = std::io::Error::from(ErrorKind::StorageFull);
        let full = explain(&database, Error::new(full).context("cannot write"));
        assert_eq!(full.to_string(), "cannot write");
    }

    #[test]
    fn a_folder_is_a_word_for_a_shell() {
        assert_eq!(quoted(Path::new("/data/sync_1.2")), "/data/sync_1.2");
        assert_eq!(quoted(Path::new("/my data/it's")), "'/my data/it'\\''s'");
    }
}
