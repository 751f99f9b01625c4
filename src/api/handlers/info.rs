//! `GET /v1/info`

use http::Response;

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::response::ok;
use crate::store::PAGE_BYTES;
use crate::wire::info::{Info, Limits};
use crate::wire::numbers::MAX_PAGE_FILES;

/// What clients may rely on, in the order of the alphabet.
const CAPABILITIES: [&str; 15] = [
    "base",
    "changes",
    "diff",
    "digest",
    "events",
    "files",
    "gzip",
    "history",
    "keys",
    "manifest",
    "openapi",
    "portability",
    "purge",
    "restore",
    "wait",
];

/// Answers what this server speaks and every limit in force. It needs the key, so it also tells a
/// client that its key is right.
pub fn info(app: &App) -> Result<Response<Vec<u8>>, Error> {
    let settings = &app.settings;
    Ok(ok(&Info {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        protocol: 2,
        capabilities: &CAPABILITIES,
        limits: Limits {
            max_body_size: settings.max_body_size()?,
            max_file_size: settings.max_file_size()?,
            max_files_per_project: settings.max_files_per_project()?,
            max_page_files: MAX_PAGE_FILES,
            max_page_bytes: PAGE_BYTES,
            rate_limit_max_requests: settings.rate_limit_max_requests()?,
            rate_limit_window_ms: settings.rate_limit_window_ms()?,
            history_days: settings.history_days()?,
            history_versions: settings.history_versions()?,
            history_deleted_days: settings.history_deleted_days()?,
            sync_folders: settings.sync_folders()?.names(),
            portable_paths: settings.portable_paths()?.name(),
        },
    }))
}
