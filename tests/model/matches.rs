//! Whether an answer matches the state of a project in the model.

use serde_json::Value;

use crate::device::text;
use crate::model::{Model, Version};
use support::Answer;

/// The status: counts, digest, cursor and time of the last change.
pub fn status(model: &Model, status: &Value) -> bool {
    let live = model.live();
    rev(&status["lastSync"]) == model.head()
        && cursor(status) == model.head()
        && status["digest"] == *model.digest()
        && status["fileCount"] == live.len()
        && status["totalSize"] == live.iter().map(|(_, text)| text.len()).sum::<usize>()
}

/// A page of files, as the old client pulls it.
pub fn files(model: &Model, since: i64, limit: usize, page: &Value) -> bool {
    let changes = model.changes_after(since);
    let live = changes
        .into_iter()
        .filter(|(_, version)| version.text.is_some());
    let file = |file: &Value| (rev(&file["synced_at"]), Some(text(file)));
    cursor(page) == model.head() && page_matches(&page["files"], page, live.collect(), limit, file)
}

/// A page of the change feed with content.
pub fn changes(model: &Model, since: i64, limit: usize, page: &Value) -> bool {
    let change = |change: &Value| {
        let text = change.get("content").map(|_| text(change));
        assert_eq!(change["op"] == "put", text.is_some(), "{change}");
        (change["rev"].as_i64().unwrap(), text)
    };
    let changes = model.changes_after(since);
    page_matches(&page["changes"], page, changes, limit, change)
}

fn page_matches(
    listed: &Value,
    page: &Value,
    all: Vec<(&str, &Version)>,
    limit: usize,
    read: impl Fn(&Value) -> (i64, Option<String>),
) -> bool {
    let listed = listed.as_array().unwrap().iter();
    let listed = listed.map(|entry| (entry["path"].as_str().unwrap(), read(entry)));
    let version = |version: &Version| (version.rev, version.text.clone());
    let expected = all.iter().map(|(path, newest)| (*path, version(newest)));
    listed.eq(expected.take(limit)) && page["hasMore"] == (all.len() > limit)
}

/// The content of one file.
pub fn file(model: &Model, path: &str, answer: &Answer) -> bool {
    let newest = model.newest(path);
    match newest.and_then(|newest| Some((newest.rev, newest.text.as_ref()?))) {
        None => answer.status == 404,
        Some((rev, text)) => {
            answer.status == 200
                && answer.bytes == text.as_bytes()
                && answer.header("x-rev") == rev.to_string()
        }
    }
}

/// The rev in the cursor of an answer. Clients must not parse cursors.
pub fn cursor(answer: &Value) -> i64 {
    let cursor = answer["cursor"].as_str().unwrap();
    cursor
        .split('-')
        .nth(1)
        .map_or(0, |rev| rev.parse().unwrap())
}

/// The rev of a `synced_at`; 0 when it is null.
fn rev(synced_at: &Value) -> i64 {
    (synced_at.as_f64().unwrap_or(0.0) * 1000.0).round() as i64
}
