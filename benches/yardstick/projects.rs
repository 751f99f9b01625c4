//! The projects that are measured.

use crate::client::{self, Connection};
use crate::content::{File, body};
use crate::load::Target;

/// Bytes of a small file.
pub const SMALL: usize = 5 << 10;
/// Files of each project that is full before it is measured.
pub const FILES: usize = 10_000;
/// The full project that is read.
pub const READ: &str = "bench-10k";
/// The full project that is pushed into.
pub const WRITTEN: &str = "bench-10k-j";

/// Pushes small files into a project, `at_once` in each request.
pub fn seed(target: &Target, project: &str, files: usize, at_once: usize) {
    let mut connection = Connection::open(&target.address);
    for first in (0..files).step_by(at_once) {
        let last = files.min(first + at_once);
        let files: Vec<File> = (first..last).map(seeded).collect();
        connection.good(&client::push(project, &body(&files)));
    }
}

/// New content for the seeded file of this number.
pub fn seeded(index: usize) -> File {
    File::new(Some(format!("archive/{}/{index}.md", index % 100)), SMALL)
}

/// A `since` that no file is newer than.
pub fn now_ms() -> String {
    let now = std::time::UNIX_EPOCH.elapsed();
    now.expect("a time of day").as_millis().to_string()
}
