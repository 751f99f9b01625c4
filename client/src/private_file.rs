//! Small files of this program.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Writes one, for the user alone and in one step: no reader and no power cut finds half of it.
pub fn write(file: &Path, text: &str) -> io::Result<()> {
    let new = file.with_extension("new");
    // What has this name may be a link to another file.
    _ = fs::remove_file(&new);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut opened = options.open(&new)?;
    writeln!(opened, "{text}")?;
    opened.sync_all()?;
    fs::rename(&new, file)
}
