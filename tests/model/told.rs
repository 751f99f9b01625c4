//! Whether an answer tells the state of a project as it is promised.

use serde_json::Value;

use crate::device::text;
use crate::promise::{Promise, Version};
use support::Answer;

/// Counts, digest, cursor and time of the last change.
pub fn status(promise: &Promise, status: &Value) -> bool {
    let live = promise.live();
    rev(&status["lastSync"]) == promise.head()
        && cursor(status) == promise.head()
        && status["digest"] == *promise.digest()
        && status["fileCount"] == live.len()
        && status["totalSize"] == live.iter().map(|(_, text)| text.len()).sum::<usize>()
}

/// A page of the old client.
pub fn files(promise: &Promise, since: i64, limit: usize, page: &Value) -> bool {
    let changes = promise.changes_after(since);
    let live = changes
        .into_iter()
        .filter(|(_, version)| version.text.is_some());
    let file = |file: &Value| (rev(&file["synced_at"]), Some(text(file)));
    cursor(page) == promise.head() && tells(&page["files"], page, live.collect(), limit, file)
}

/// A page of the change feed with content.
pub fn changes(promise: &Promise, since: i64, limit: usize, page: &Value) -> bool {
    let change = |change: &Value| {
        let text = change.get("content").map(|_| text(change));
        assert_eq!(change["op"] == "put", text.is_some(), "{change}");
        (change["rev"].as_i64().unwrap(), text)
    };
    let changes = promise.changes_after(since);
    tells(&page["changes"], page, changes, limit, change)
}

fn tells(
    told: &Value,
    page: &Value,
    all: Vec<(&str, &Version)>,
    limit: usize,
    read: impl Fn(&Value) -> (i64, Option<String>),
) -> bool {
    let told = told.as_array().unwrap().iter();
    let told = told.map(|entry| (entry["path"].as_str().unwrap(), read(entry)));
    let version = |version: &Version| (version.rev, version.text.clone());
    let promised = all.iter().map(|(path, newest)| (*path, version(newest)));
    told.eq(promised.take(limit)) && page["hasMore"] == (all.len() > limit)
}

/// One file.
pub fn file(promise: &Promise, path: &str, answer: &Answer) -> bool {
    let newest = promise.newest(path);
    match newest.and_then(|newest| Some((newest.rev, newest.text.as_ref()?))) {
        None => answer.status == 404,
        Some((rev, text)) => {
            answer.status == 200
                && answer.bytes == text.as_bytes()
                && answer.header("x-rev") == rev.to_string()
        }
    }
}

/// The rev at which the cursor of an answer stands. Clients are not to look into cursors.
pub fn cursor(answer: &Value) -> i64 {
    let cursor = answer["cursor"].as_str().unwrap();
    cursor
        .split('-')
        .nth(1)
        .map_or(0, |rev| rev.parse().unwrap())
}

/// 0 for the time of a change that never was.
fn rev(synced_at: &Value) -> i64 {
    (synced_at.as_f64().unwrap_or(0.0) * 1000.0).round() as i64
}
