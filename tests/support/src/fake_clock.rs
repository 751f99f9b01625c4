//! Another time of day for a program, by libfaketime.

use std::path::Path;

use crate::process::note_missing;

/// Where Debian and others install it.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib64/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];

/// The environment in which the clock differs by `offset`, such as `-1h` or `+1y`. Only the time of
/// day does, not the time that passes, nor the times of files.
///
/// None where libfaketime is not installed.
pub fn fake_clock(offset: &str) -> Option<[(&'static str, &str); 4]> {
    let library = LIBRARIES.into_iter().find(|file| Path::new(file).is_file());
    if library.is_none() {
        note_missing("libfaketime");
    }
    Some([
        ("LD_PRELOAD", library?),
        ("FAKETIME", offset),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("NO_FAKE_STAT", "1"),
    ])
}
