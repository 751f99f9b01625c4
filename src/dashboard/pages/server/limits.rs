//! The limits in force.

use crate::api::{App, Error};
use crate::dashboard::format::{Size, count};
use crate::domain::SyncFolders;

/// A limit in force.
pub struct Limit {
    pub what: &'static str,
    pub value: String,
    pub setting: &'static str,
}

/// The limits in force, with the settings that set them.
pub fn limits(app: &App) -> Result<Vec<Limit>, Error> {
    let settings = &app.settings;
    let limit = |what, value, setting| Limit {
        what,
        value,
        setting,
    };
    let minutes = settings.rate_limit_window_ms()?.div_ceil(60_000);
    let requests = count(settings.rate_limit_max_requests()?, "request");
    Ok(vec![
        limit(
            "Largest file",
            size(settings.max_file_size()?),
            "MAX_FILE_SIZE",
        ),
        limit(
            "Largest push",
            size(settings.max_body_size()?),
            "MAX_BODY_SIZE",
        ),
        limit(
            "Files in a project",
            count(settings.max_files_per_project()?, "file"),
            "MAX_FILES_PER_PROJECT",
        ),
        limit(
            "Requests of a device",
            format!("{requests} in {}", count(minutes, "minute")),
            "RATE_LIMIT_MAX_REQUESTS, RATE_LIMIT_WINDOW_MS",
        ),
        limit(
            "Replaced versions are kept for",
            count(settings.history_days()?, "day"),
            "HISTORY_DAYS",
        ),
        limit(
            "After that, of each file the newest",
            count(settings.history_versions()?, "version"),
            "HISTORY_VERSIONS",
        ),
        limit(
            "Deleted files are kept for",
            count(settings.history_deleted_days()?, "day"),
            "HISTORY_DELETED_DAYS",
        ),
        limit(
            "Folders that are synced",
            match settings.sync_folders()? {
                SyncFolders::Any => "all".to_owned(),
                some => some.to_string(),
            },
            "SYNC_FOLDERS",
        ),
        limit(
            "Names that some system cannot write",
            match settings.portable_paths()?.name() {
                "refuse" => "are refused".to_owned(),
                _ => "are reported".to_owned(),
            },
            "PORTABLE_PATHS",
        ),
    ])
}

fn size(bytes: usize) -> String {
    Size(bytes as u64).to_string()
}
