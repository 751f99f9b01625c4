//! What this program tells the component of the machine, for the page of the server.

use std::path::Path;
use std::time::SystemTime;

use kamiflow_sync_component::wire::host_report::{DatabaseFiles, HostReport};

use super::answer_hours::AnswerHours;
use crate::database::{backup_mark, files};

/// Looks at the files beside the database, and reads no row of it.
pub fn report(database: Option<&Path>, answers: &AnswerHours) -> HostReport {
    HostReport {
        files: database.map(database_files),
        hours: answers.counts(),
    }
}

fn database_files(database: &Path) -> DatabaseFiles {
    let log = files::with_suffix(&files::behind_links(database), "-wal");
    let made_at = backup_mark::made_at(database);
    DatabaseFiles {
        log_bytes: files::length(&log),
        last_backup_us: made_at.and_then(micros),
    }
}

fn micros(time: SystemTime) -> Option<i64> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    since.as_micros().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_beside_the_database_are_seen() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&database, &link).unwrap();
        std::fs::write(folder.path().join("x.db-wal"), [0; 9]).unwrap();
        let answers = AnswerHours::new();
        let files = |database: &Path| report(Some(database), &answers).files.unwrap();
        assert_eq!(files(&link).log_bytes, 9);
        assert_eq!(files(&link).last_backup_us, None);
        backup_mark::set(&database, &folder.path().join("backup.db")).unwrap();
        assert!(files(&link).last_backup_us > Some(1_500_000_000_000_000));
        assert_eq!(report(None, &answers).files, None);
    }
}
