//! Why a file cannot be used: permissions, in words that name the users.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

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

/// Names the innermost folder or file that is in the way and can be looked at.
fn denied(file: &Path) -> String {
    let user = rustix::process::geteuid().as_raw();
    let visible = file
        .ancestors()
        .find_map(|path| Some((path, path.metadata().ok()?)));
    let Some((path, found)) = visible else {
        return format!("user {user} may not open {}", file.display());
    };
    let (shown, owner, mode) = (path.display(), found.uid(), found.mode() & 0o7777);
    format!(
        "user {user} may not open {}: {shown} belongs to user {owner} and has mode {mode:o}; give \
         it to the user of the server, or run as that user",
        file.display()
    )
}
