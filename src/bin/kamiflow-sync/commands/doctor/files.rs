//! Checks where the data is: its files, the volume, the disk and the last backup.

use std::path::Path;

use super::report::Report;
use crate::commands::atomic_file::AtomicFile;
use crate::commands::progress;
use crate::config::environment::Environment;
use crate::config::runtime_config::RuntimeConfig;
use crate::config::{settings, volume};

/// With fewer free bytes, pushes will soon fail.
const NO_SPACE: u64 = 100 << 20;
/// With fewer free bytes, it is time to act.
const LITTLE_SPACE: u64 = 1 << 30;

pub fn check(report: &mut Report, config: &RuntimeConfig, environment: &Environment) {
    let files = config.files();
    if files.len() > 1 {
        let count = files.len();
        report.warn(
            "data",
            format!("in {count} files, of which 'backup' copies one"),
        );
    }
    let required = settings::requires_persistence(environment).unwrap_or(false);
    for file in files.iter().filter(|_| required) {
        if let Err(error) = volume::require_persistent(file) {
            report.fail("volume", error);
        }
    }
}

pub fn check_disk(report: &mut Report, database: &Path) {
    let folder = database.parent().unwrap_or(Path::new("/"));
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return;
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let shown = format!("{} free", progress::bytes(free));
    let advice =
        "make space, since pushes are refused when it is full: docs/self-hosting/trouble.md";
    match free {
        LITTLE_SPACE.. => report.ok("disk", shown),
        NO_SPACE.. => report.warn("disk", format!("{shown}: {advice}")),
        _ => report.fail("disk", format!("{shown}: {advice}")),
    }
}

/// Creates a file in `folder`, which goes again.
pub fn check_writable(report: &mut Report, name: &str, folder: &Path) {
    if let Err(error) = AtomicFile::create(&folder.join("kamiflow-sync-doctor"), true) {
        report.fail(
            name,
            format!("{}: no file can be made in it: {error:#}", folder.display()),
        );
    }
}
