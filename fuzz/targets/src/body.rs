//! The bodies of a push, a diff and a restore: an accepted one means the same when written again.

use std::collections::HashMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use kamiflow_sync_component::api::handlers;
use kamiflow_sync_component::api::handlers::diff::Locals;
use kamiflow_sync_component::domain::{
    Checksum, Content, CurrentState, Delete, FilePath, Plan, Push, Put, Status, Version,
};
use kamiflow_sync_component::store::RestoreTo;
use kamiflow_sync_component::wire::diff::DiffRequest;
use kamiflow_sync_component::wire::restore::RestoreRequest;
use serde_json::{Value, json};

use super::refused;

/// Small, so that inputs reach the limit.
const MAX_FILE_SIZE: usize = 64;

/// The body of a push.
pub fn push(data: &[u8]) {
    let checked = match handlers::push::check(data, None, MAX_FILE_SIZE) {
        Ok(checked) => checked,
        Err(error) => return refused(error),
    };
    let push = &checked.push;
    push.puts.iter().for_each(sound);
    assert!(push.puts.len() <= checked.synced && push.deletes.len() <= checked.deleted);
    let again = push_body(push).to_string();
    let again = handlers::push::check(again.as_bytes(), None, MAX_FILE_SIZE).expect("a sound push");
    assert_eq!(entries(push), entries(&again.push));
    into_an_empty_project(push);
    twice(push);
}

fn sound(put: &Put) {
    let Content::New(content) = &put.content else {
        panic!("no push has stored content: {put:?}");
    };
    assert!(content.len() <= MAX_FILE_SIZE && put.size == content.len() as u64);
    assert_eq!(put.checksum, Checksum::of(content));
    assert_eq!(FilePath::parse(put.path.as_str()).as_ref(), Ok(&put.path));
}

fn push_body(push: &Push) -> Value {
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
        "files": push.puts.iter().map(file).collect::<Vec<_>>(),
        "deletions": push.deletes.iter().map(deletion).collect::<Vec<_>>(),
        "metadata": { "name": push.name, "gitRepo": push.git_repo },
    })
}

/// Everything that a push stores.
fn entries(push: &Push) -> String {
    let Push {
        puts,
        deletes,
        name,
        git_repo,
        ..
    } = push;
    format!("{puts:?} {deletes:?} {name:?} {git_repo:?}")
}

/// In an empty project every file is created, unless one lies below another.
fn into_an_empty_project(push: &Push) {
    let current = CurrentState::default();
    let from_nothing = |base: Option<i64>| base.is_none_or(|base| base == 0);
    let below = |path: &FilePath, other: &FilePath| {
        let rest = path.as_str().strip_prefix(other.as_str());
        rest.is_some_and(|rest| rest.starts_with('/'))
    };
    let is_tangled = push.puts.iter().any(|put| {
        let mut others = push.puts.iter();
        others.any(|other| below(&put.path, &other.path))
    });
    let is_fine = !is_tangled && push.puts.iter().all(|put| from_nothing(put.base));
    match Plan::of(push, &current) {
        Ok(plan) => {
            assert!(is_fine);
            let created = plan
                .steps
                .iter()
                .filter(|step| step.status == Status::Created);
            assert_eq!(created.count(), push.puts.len());
            assert_eq!(plan.changes().count(), push.puts.len());
        }
        Err(error) => {
            assert!(!is_fine);
            refused(error);
        }
    }
}

/// A push that is repeated after it was stored changes nothing, whatever its base.
fn twice(push: &Push) {
    let puts = push
        .puts
        .iter()
        .map(|put| (&put.path, Some(put.checksum), put.modified, put.size));
    let deletes = push.deletes.iter().map(|delete| (&delete.path, None, 0, 0));
    let newest: HashMap<&str, Version> = (1..)
        .zip(puts.chain(deletes))
        .map(|(rev, (path, checksum, modified, size))| {
            let version = Version {
                rev,
                path: path.to_string(),
                checksum,
                size,
                modified,
                device: None,
            };
            (path.as_str(), version)
        })
        .collect();
    let current = CurrentState {
        newest,
        ..CurrentState::default()
    };
    let plan = Plan::of(push, &current).expect("no conflict with itself");
    assert!(plan.is_empty() && plan.replaced.is_empty());
    assert_eq!(plan.steps.len(), current.newest.len());
}

/// The body of a diff.
pub fn diff(data: &[u8]) {
    match DiffRequest::parse(data)
        .map_err(Into::into)
        .and_then(|device| handlers::diff::check(&device))
    {
        Err(error) => refused(error),
        Ok(locals) => {
            let again = diff_body(&locals).to_string();
            let again = DiffRequest::parse(again.as_bytes()).expect("a sound body");
            let again = handlers::diff::check(&again).expect("sound files");
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
    match RestoreRequest::parse(data)
        .map_err(Into::into)
        .and_then(handlers::restore::restore_to)
    {
        Err(error) => refused(error),
        Ok(moment) => {
            let Some(again) = restore_body(&moment) else {
                return;
            };
            let again = again.to_string();
            let again = RestoreRequest::parse(again.as_bytes()).expect("a sound body");
            let again = handlers::restore::restore_to(again).expect("a moment");
            assert_eq!(describe(&moment), describe(&again));
        }
    }
}

/// `None` for a moment that only milliseconds can express.
fn restore_body(moment: &RestoreTo) -> Option<Value> {
    Some(match moment {
        RestoreTo::Version { path, rev, base } => {
            json!({ "path": path.as_str(), "rev": rev, "base": base })
        }
        RestoreTo::Moment { at, paths, cursor } => {
            let text = |path: &FilePath| path.to_string();
            let paths = paths
                .as_ref()
                .map(|paths| paths.iter().map(text).collect::<Vec<_>>());
            let cursor = cursor.map(|cursor| cursor.to_string());
            json!({ "at": time(*at)?, "paths": paths, "cursor": cursor })
        }
    })
}

/// RFC 3339 in UTC, whose years have four digits.
fn time(rev: i64) -> Option<String> {
    let time = chrono::DateTime::from_timestamp_micros(rev)?;
    let text = time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    (text.find('-') == Some(4)).then_some(text)
}

fn describe(moment: &RestoreTo) -> String {
    match moment {
        RestoreTo::Version { path, rev, base } => format!("{path:?} {rev} {base:?}"),
        RestoreTo::Moment { at, paths, cursor } => {
            let cursor = cursor.map(|cursor| cursor.to_string());
            format!("{at} {paths:?} {cursor:?}")
        }
    }
}
