//! Why this process may not use a file: what is in the way, whose it is, and what to run.

use std::fmt;
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Error, anyhow};
use rusqlite::ErrorCode;

use super::files::{folder_of, with_suffix};

/// What SQLite says of a file that it may not open or write to.
const DENIED: [ErrorCode; 3] = [
    ErrorCode::CannotOpen,
    ErrorCode::PermissionDenied,
    ErrorCode::ReadOnly,
];

/// Why this process cannot read and write `file`; `None` when it can, or there is no such file.
pub fn obstacle(file: &Path) -> Option<String> {
    let opened = OpenOptions::new().read(true).write(true).open(file);
    let error = opened.err()?;
    match error.kind() {
        ErrorKind::NotFound => None,
        ErrorKind::PermissionDenied => Some(denied(file)),
        _ => Some(format!("{}: {error}", file.display())),
    }
}

/// Names the innermost folder or file in the way that can be looked at.
pub fn denied(file: &Path) -> String {
    match file.ancestors().find_map(Barrier::at) {
        Some(barrier) => barrier.for_command(),
        None => format!("user {} may not open {}", user(), file.display()),
    }
}

/// The error for a server that cannot use its `database`: what to run when access was denied; else
/// `error`.
pub fn explain_to_server(database: &Path, error: Error) -> Error {
    explain(database, error, |barrier| barrier.for_server(database))
}

/// The error for a command, whose user is not the one that the data should belong to.
pub fn explain_to_command(database: &Path, error: Error) -> Error {
    explain(database, error, Barrier::for_command)
}

fn explain(database: &Path, error: Error, say: impl FnOnce(&Barrier) -> String) -> Error {
    match foreign(database).filter(|_| is_denied(&error)) {
        Some(barrier) => anyhow!(say(&barrier)),
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

/// The folder, the database or a file beside it that belongs to another user.
fn foreign(database: &Path) -> Option<Barrier> {
    let beside = ["", "-wal", "-shm", "-lock"].map(|suffix| with_suffix(database, suffix));
    let mut paths = std::iter::once(folder_of(database)).chain(beside.iter().map(AsRef::as_ref));
    paths.find_map(|path| Barrier::at(path).filter(|barrier| barrier.owner != user()))
}

/// A file or folder that this process may not use.
struct Barrier {
    path: PathBuf,
    owner: u32,
    mode: u32,
}

impl Barrier {
    fn at(path: &Path) -> Option<Self> {
        let found = path.symlink_metadata().ok()?;
        Some(Self {
            path: path.to_owned(),
            owner: found.uid(),
            mode: found.mode() & 0o7777,
        })
    }

    fn for_server(&self, database: &Path) -> String {
        let (group, folder) = (rustix::process::getegid().as_raw(), folder_of(database));
        let folder = quoted(folder);
        format!("{self}: chown -R {}:{group} {folder}", user())
    }

    fn for_command(&self) -> String {
        if self.owner == user() {
            format!("{self}: chmod u+rwX {}", quoted(&self.path))
        } else {
            format!("{self}: run it as user {}", self.owner)
        }
    }
}

impl fmt::Display for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, owner, mode } = self;
        let (path, user) = (path.display(), user());
        write!(
            f,
            "{path} belongs to user {owner} and has mode {mode:o}, but this program runs as user {user}"
        )
    }
}

fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// As a word for a shell.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.chars().all(is_plain) {
        path.into_owned()
    } else {
        format!("'{}'", path.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn no_access() -> Error {
        let error = std::io::Error::from(ErrorKind::PermissionDenied);
        Error::new(error).context("cannot write")
    }

    #[test]
    fn data_of_this_user_is_not_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        assert!(foreign(&database).is_none());
        let error = explain_to_server(&database, no_access());
        assert_eq!(error.to_string(), "cannot write");
    }

    #[test]
    fn a_folder_of_another_user_is_named_with_both_users_and_the_command() {
        // Every system has a folder of root, and root may give one away.
        let folder = tempfile::tempdir().unwrap();
        let (database, owner) = match std::os::unix::fs::chown(folder.path(), Some(4711), None) {
            Ok(()) => (folder.path().join("x.db"), 4711),
            Err(_) => ("/usr/x.db".into(), 0),
        };
        let user = user();
        let text = explain_to_server(&database, no_access()).to_string();
        assert!(text.contains(&format!("belongs to user {owner} and has mode ")));
        assert!(text.contains(&format!("but this program runs as user {user}")));
        assert!(text.contains(&format!("chown -R {user}:")), "{text}");
        let text = explain_to_command(&database, no_access()).to_string();
        assert!(
            text.ends_with(&format!(": run it as user {owner}")),
            "{text}"
        );
        let full = std::io::Error::from(ErrorKind::StorageFull);
        let full = explain_to_server(&database, Error::new(full).context("cannot write"));
        assert_eq!(full.to_string(), "cannot write");
    }

    #[test]
    fn a_file_of_this_user_is_named_with_the_mode_that_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o500)).unwrap();
        let said = denied(&folder.path().join("none/x.db"));
        let command = format!("chmod u+rwX {}", folder.path().display());
        assert!(
            said.contains("has mode 500") && said.ends_with(&command),
            "{said}"
        );
    }

    #[test]
    fn a_folder_is_a_word_for_a_shell() {
        assert_eq!(quoted(Path::new("/data/sync_1.2")), "/data/sync_1.2");
        assert_eq!(quoted(Path::new("/my data/it's")), "'/my data/it'\\''s'");
    }
}
