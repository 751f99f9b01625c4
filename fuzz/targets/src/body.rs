//! The bodies of a push, a diff and a restore: an accepted one means the same when written again.

use std::collections::HashMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use kamiflow_sync_component::api;
use kamiflow_sync_component::api::diff::Locals;
use kamiflow_sync_component::project::{Checksum, FilePath};
use kamiflow_sync_component::store::Moment;
use kamiflow_sync_component::sync::{Batch, Content, Delete, Known, Newest, Put};
use kamiflow_sync_component::wire::history::Restore;
use kamiflow_sync_component::wire::tree::Device;
use serde_json::{Value, json};

use super::refused;

/// Small, so that inputs reach the limit.
const MAX_FILE_SIZE: usize = 64;

/// The body of a push.
pub fn push(data: &[u8]) {
    let batch = match api::push::check(data, None, MAX_FILE_SIZE) {
        Ok(batch) => batch,
        Err(error) => return refused(error),
    };
    batch.puts.iter().for_each(sound);
    assert!(batch.puts.len() <= batch.synced && batch.deletes.len() <= batch.deleted);
    let again = push_body(&batch).to_string();
    let again = api::push::check(again.as_bytes(), None, MAX_FILE_SIZE).expect("a sound push");
    assert_eq!(entries(&batch), entries(&again));
    into_an_empty_project(&batch);
    twice(&batch);
}

fn sound(put: &Put) {
    let Content::New(content) = &put.content else {
        panic!("no push has stored content: {put:?}");
    };
    assert!(content.len() <= MAX_FILE_SIZE && put.size == content.len() as u64);
    assert_eq!(put.checksum, Checksum::of(content));
    assert_eq!(FilePath::parse(put.path.as_str()).as_ref(), Ok(&put.path));
}

fn push_body(batch: &Batch) -> Value {
    let file = |put: &Put| {
        let Content::New(content) = &put.content else {
            panic!("no push has stored content: {put:?}");
        };
        json!({
            "path": put.path.as_str(),
            "content": BASE64_STANDARD.encode(content),
            "checksum": put.checksum.to_string(),
            "modified": put.modified,
            "base": put.base,
        })
    };
    let deletion = |delete: &Delete| json!({ "path": delete.path.as_str(), "base": delete.base });
    json!({
        "files": batch.puts.iter().map(file).collect::<Vec<_>>(),
        "deletions": batch.deletes.iter().map(deletion).collect::<Vec<_>>(),
        "metadata": { "name": batch.name, "gitRepo": batch.git_repo },
    })
}

/// Everything that a push stores.
fn entries(batch: &Batch) -> String {
    let Batch {
        puts,
        deletes,
        name,
        git_repo,
        ..
    } = batch;
    format!("{puts:?} {deletes:?} {name:?} {git_repo:?}")
}

/// In an empty project every file is created, unless one lies below another.
fn into_an_empty_project(batch: &Batch) {
    let known = Known::default();
    let from_nothing = |base: Option<i64>| base.is_none_or(|base| base == 0);
    let below = |path: &FilePath, other: &FilePath| {
        let rest = path.as_str().strip_prefix(other.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let is_tangled = batch.puts.iter().any(|put| {
        let mut others = batch.puts.iter();
        others.any(|other| below(&put.path, &other.path))
    });
    let is_fine = !is_tangled && batch.puts.iter().all(|put| from_nothing(put.base));
    match batch.plan(&known) {
        Ok(plan) => {
            assert!(is_fine);
            assert_eq!(plan.created().count(), batch.puts.len());
            assert_eq!(plan.changes().count(), batch.puts.len());
        }
        Err(error) => {
            assert!(!is_fine);
            refused(error);
        }
    }
}

/// A push that is repeated after it was stored changes nothing, whatever its base.
fn twice(batch: &Batch) {
    let puts = batch
        .puts
        .iter()
        .map(|put| (&put.path, Some(put.checksum), put.modified, put.size));
    let deletes = batch
        .deletes
        .iter()
        .map(|delete| (&delete.path, None, 0, 0));
    let newest: HashMap<String, Newest> = (1..)
        .zip(puts.chain(deletes))
        .map(|(rev, (path, checksum, modified, size))| {
            let newest = Newest {
                rev,
                checksum,
                modified,
                size,
            };
            (path.to_string(), newest)
        })
        .collect();
    let known = Known {
        newest,
        ..Known::default()
    };
    let plan = batch.plan(&known).expect("no conflict with itself");
    assert!(plan.is_empty() && plan.replaced.is_empty());
    assert_eq!(plan.steps.len(), known.newest.len());
}

/// The body of a diff.
pub fn diff(data: &[u8]) {
    match Device::parse(data).and_then(|device| api::diff::check(&device)) {
        Err(error) => refused(error),
        Ok(locals) => {
            let again = diff_body(&locals).to_string();
            let again = Device::parse(again.as_bytes()).expect("a sound body");
            let again = api::diff::check(&again).expect("sound files");
            assert_eq!(format!("{locals:?}"), format!("{again:?}"));
        }
    }
}

fn diff_body(locals: &Locals) -> Value {
    let files = locals.iter().map(|(path, local)| {
        json!({
            "path": path.as_str(),
            "checksum": local.checksum.to_string().to_uppercase(),
            "base": local.base,
        })
    });
    json!({ "files": files.collect::<Vec<_>>() })
}

/// The body of a restore.
pub fn restore(data: &[u8]) {
    match Restore::parse(data).and_then(api::restore::moment) {
        Err(error) => refused(error),
        Ok(moment) => {
            let Some(again) = restore_body(&moment) else {
                return;
            };
            let again = again.to_string();
            let again = Restore::parse(again.as_bytes()).expect("a sound body");
            let again = api::restore::moment(again).expect("a moment");
            assert_eq!(describe(&moment), describe(&again));
        }
    }
}

/// `None` for a moment that only milliseconds can express.
fn restore_body(moment: &Moment) -> Option<Value> {
    Some(match moment {
        Moment::Version(path, rev) => json!({ "path": path.as_str(), "rev": rev }),
        Moment::Time(rev, paths) => {
            let text = |path: &FilePath| path.to_string();
            let paths = paths
                .as_ref()
                .map(|paths| paths.iter().map(text).collect::<Vec<_>>());
            json!({ "at": time(*rev)?, "paths": paths })
        }
    })
}

/// RFC 3339 in UTC, whose years have four digits.
fn time(rev: i64) -> Option<String> {
    let time = chrono::DateTime::from_timestamp_micros(rev)?;
    let text = time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    (text.find('-') == Some(4)).then_some(text)
}

fn describe(moment: &Moment) -> String {
    match moment {
        Moment::Version(path, rev) => format!("{path:?} {rev}"),
        Moment::Time(rev, paths) => format!("{rev} {paths:?}"),
    }
}
