//! `GET /v1/info`: what this server speaks and how much it takes.

use serde::Serialize;

/// The answer to `GET /`.
#[derive(Serialize)]
pub struct Root {
    /// Of the program.
    pub name: &'static str,
    /// The address of the API description.
    pub openapi: &'static str,
}

/// The answer.
#[derive(Serialize)]
pub struct Info {
    /// Of the program.
    pub name: &'static str,
    /// Of the program.
    pub version: &'static str,
    /// Of the wire: 1 is the original's, 2 adds what `capabilities` lists.
    pub protocol: u32,
    /// What a client may use.
    pub capabilities: [&'static str; 10],
    /// In force now.
    pub limits: Limits,
}

/// The limits in force; sizes in bytes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Of a request, as sent and unpacked.
    pub max_body_size: usize,
    /// Of a file, decoded.
    pub max_file_size: usize,
    /// Live files.
    pub max_files_per_project: u64,
    /// Files or changes in a page.
    pub max_page_files: u32,
    /// Content in a page.
    pub max_page_bytes: u64,
    /// Requests in a window.
    pub rate_limit_max_requests: u64,
    /// Length of a window in milliseconds.
    pub rate_limit_window_ms: u64,
    /// Days for which every replaced version keeps its content.
    pub history_days: u64,
    /// Versions of a path that keep their content after that.
    pub history_versions: u64,
    /// Days for which a deleted file keeps its content.
    pub history_deleted_days: u64,
}
