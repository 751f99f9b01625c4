//! `GET /v1/info`: what this server speaks and how much it takes.

use serde::Serialize;

/// The answer to `GET /`.
#[derive(Serialize)]
pub struct Root {
    /// The name of the program.
    pub name: &'static str,
    /// The address of the API description.
    pub openapi: &'static str,
}

/// The answer to `GET /v1/info`.
#[derive(Serialize)]
pub struct Info {
    /// The name of the program.
    pub name: &'static str,
    /// The version of the program.
    pub version: &'static str,
    /// The version of the protocol: 1 is the original's, 2 adds what `capabilities` lists.
    pub protocol: u32,
    /// What a client may use.
    pub capabilities: &'static [&'static str],
    /// The limits in force.
    pub limits: Limits,
}

/// The limits in force; sizes in bytes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Largest request body in bytes, both as sent and after decompression.
    pub max_body_size: usize,
    /// Largest file in bytes, after base64 was decoded.
    pub max_file_size: usize,
    /// Most files that a project may have, deleted ones not counted.
    pub max_files_per_project: u64,
    /// Most files or changes in one page.
    pub max_page_files: u32,
    /// Content in bytes after which a page ends; a single larger file still fits.
    pub max_page_bytes: u64,
    /// Requests that one client may make in a window.
    pub rate_limit_max_requests: u64,
    /// Length of a window in milliseconds.
    pub rate_limit_window_ms: u64,
    /// Days for which every replaced version keeps its content.
    pub history_days: u64,
    /// Versions of a path that keep their content after that.
    pub history_versions: u64,
    /// Days for which a deleted file keeps its content.
    pub history_deleted_days: u64,
    /// Folders whose files are synced; `*` alone for any.
    pub sync_folders: Vec<String>,
    /// `report` or `refuse`: what happens to a file whose name some system cannot hold.
    pub portable_paths: &'static str,
}
