//! How far a round is: a bar on a terminal, nothing elsewhere.

use std::cell::Cell;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::report::{Phase, Progress};

/// Bytes with their total and the time that is left, or, where there is no total, what was done until now.
const MEASURED: &str = "{prefix:11} {wide_bar} {msg}  {bytes}/{total_bytes}  {eta}";
const OPEN: &str = "{prefix:11} {spinner} {msg}  {bytes}";

/// A bar.
pub struct Bar {
    bar: ProgressBar,
    files: Cell<u64>,
    total: Cell<Option<u64>>,
}

impl Bar {
    /// A bar that shows nothing yet.
    pub fn new() -> Self {
        Self {
            bar: ProgressBar::no_length(),
            files: Cell::new(0),
            total: Cell::new(None),
        }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn count(&self) {
        let done = HumanCount(self.files.get());
        self.bar.set_message(match self.total.get() {
            Some(total) => format!("{done}/{} files", HumanCount(total)),
            None => format!("{done} files"),
        });
    }
}

impl Progress for Bar {
    fn begin(&self, phase: Phase, total: Option<(u64, u64)>) {
        let template = if total.is_some() { MEASURED } else { OPEN };
        let style = ProgressStyle::with_template(template).expect("a sound template");
        self.bar.set_style(style);
        self.bar.set_prefix(match phase {
            Phase::Scan => "Looking",
            Phase::Download => "Downloading",
            Phase::Upload => "Uploading",
        });
        self.files.set(0);
        self.total.set(total.map(|(files, _)| files));
        match total {
            Some((_, bytes)) => self.bar.set_length(bytes),
            None => self.bar.unset_length(),
        }
        self.bar.reset();
        self.bar.enable_steady_tick(Duration::from_millis(200));
        self.count();
    }

    fn advance(&self, files: u64, bytes: u64) {
        self.files.set(self.files.get() + files);
        self.bar.inc(bytes);
        self.count();
    }
}

#[test]
fn each_phase_has_a_bar() {
    let bar = Bar::new();
    for (phase, name) in [
        (Phase::Scan, "Looking"),
        (Phase::Download, "Downloading"),
        (Phase::Upload, "Uploading"),
    ] {
        for (total, files) in [
            (Some((2000, 10)), "1,001/2,000 files"),
            (None, "1,001 files"),
        ] {
            bar.begin(phase, total);
            bar.advance(1000, 4);
            bar.advance(1, 1);
            let shown = (bar.bar.prefix(), bar.bar.message());
            assert_eq!(shown, (name.to_owned(), files.to_owned()));
            let bytes = total.map(|(_, bytes)| bytes);
            assert_eq!((bar.bar.position(), bar.bar.length()), (5, bytes));
        }
    }
    bar.clear();
    assert!(bar.bar.is_finished());
}
