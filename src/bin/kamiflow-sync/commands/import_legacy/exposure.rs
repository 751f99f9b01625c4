//! Whether others can read the original database, which still holds all notes after they have moved.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Permission to read a file, for the group and everybody.
const READ: u32 = 0o044;
/// Permission to reach what is in a folder, for the group and everybody.
const ENTER: u32 = 0o011;

/// The command that takes `file` away from others; `None` when no other user can reach it.
pub fn advice(file: &Path) -> Option<String> {
    let file = file.canonicalize().ok()?;
    let allows = |path: &Path, what: u32| path.metadata().is_ok_and(|it| it.mode() & what != 0);
    let is_exposed = allows(&file, READ) && file.ancestors().skip(1).all(|it| allows(it, ENTER));
    let shown = file.display();
    is_exposed.then(|| {
        format!(
            "others can read all notes in {shown}: chmod go= {shown}*, and delete it when all devices use this server"
        )
    })
}
