//! Checks where the data is: its files, the volume, the disk and the last backup.

use std::path::Path;
use std::time::Duration;

use super::report::Report;
use crate::commands::progress;
use crate::config::environment::Environment;
use crate::config::runtime_config::RuntimeConfig;
use crate::config::{settings, volume};
use crate::database::backup_mark;

/// With fewer free bytes, pushes will soon fail.
const NO_SPACE: u64 = 100 << 20;
/// With fewer free bytes, it is time to act.
const LITTLE_SPACE: u64 = 1 << 30;
/// An older backup is a warning.
const OLD_BACKUP: Duration = Duration::from_secs(8 * 24 * 3600);

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
    match free {
        LITTLE_SPACE.. => report.ok("disk", shown),
        NO_SPACE.. => report.warn("disk", shown),
        _ => report.fail("disk", shown),
    }
}

pub fn check_backup(report: &Report, database: &Path) {
    let Some(age) = backup_mark::age(database) else {
        return report.warn("backup", "none was made yet: kamiflow-sync backup FILE");
    };
    let days = age.as_secs() / 86_400;
    let text = format!("the last one is {days} days old");
    if age > OLD_BACKUP {
        report.warn("backup", text);
    } else {
        report.ok("backup", text);
    }
}
