//! Checks the last backup, and whether its folder can take the next one.

use std::path::Path;
use std::time::{Duration, SystemTime};

use kamiflow_sync_component::wire::host_report::OLD_BACKUP;

use super::files;
use super::report::Report;
use crate::commands::backup::folder;
use crate::commands::counted::counted;
use crate::database::backup_mark;

/// Clocks that are set by the network step back by less.
const TOLERANCE: Duration = Duration::from_secs(60);

pub fn check(report: &mut Report, database: &Path) {
    let Some(made_at) = backup_mark::made_at(database) else {
        return report.warn("backup", "none was made yet: kamiflow-sync backup FILE");
    };
    let backup = backup_mark::path(database);
    let is_there = backup.as_deref().is_none_or(|it| is_there(report, it));
    if made_at > SystemTime::now() + TOLERANCE {
        report.fail(
            "backup",
            "the last one is dated in the future: set the clock, and make another",
        );
    } else if is_there {
        check_age(report, backup_mark::age(database).unwrap_or_default());
    }
    if let Some(folder) = backup.as_deref().and_then(Path::parent) {
        check_folder(report, folder);
    }
}

fn check_age(report: &mut Report, age: Duration) {
    let days = age.as_secs() / 86_400;
    let text = format!("the last one is {} old", counted(days, "day"));
    if age > OLD_BACKUP {
        report.warn("backup", text);
    } else {
        report.ok("backup", text);
    }
}

fn is_there(report: &mut Report, backup: &Path) -> bool {
    let shown = backup.display();
    match backup.metadata() {
        Ok(file) if file.len() > 0 => return true,
        Ok(_) => report.fail("backup", format!("{shown} is empty: make another")),
        // It may have been moved to a safer place.
        Err(error) => report.warn(
            "backup",
            format!("the last one, {shown}, is gone ({error}): make another, unless it was moved"),
        ),
    }
    false
}

fn check_folder(report: &mut Report, backups: &Path) {
    if !backups.is_dir() {
        return;
    }
    files::check_writable(report, "backup", backups);
    for name in folder::dated_in_future(backups).unwrap_or_default() {
        report.warn("backup", format!("{name} is dated in the future"));
    }
}
