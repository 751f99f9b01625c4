//! What the database file is used for.

use crate::dashboard::format::{Size, count};
use crate::store::{FileSpace, Totals};

/// What the database file is used for.
pub struct Space {
    pub totals: String,
    pub parts: Vec<Part>,
}

/// A part of the database file.
pub struct Part {
    pub name: &'static str,
    pub class: &'static str,
    pub size: Size,
    /// Where its bar begins and how wide it is, in thousandths.
    pub start: u64,
    pub width: u64,
}

impl Space {
    pub fn new(totals: &Totals, file: &FileSpace) -> Self {
        let live = totals.file_bytes.min(file.used);
        let all = (file.used + file.free).max(1);
        let mut start = 0;
        let mut part = |name, class, bytes: u64| {
            let width = bytes * 1000 / all;
            let part = Part {
                name,
                class,
                size: Size(bytes),
                start,
                width,
            };
            start += width;
            part
        };
        Self {
            totals: format!(
                "{} in {}, {}",
                count(totals.files, "file"),
                count(totals.projects, "project"),
                Size(all)
            ),
            parts: vec![
                part("Files", "live", live),
                part("History and indexes", "history", file.used - live),
                part("Free pages inside", "free", file.free),
            ],
        }
    }
}
