//! A server, or something before it, that wants to write elsewhere.

use std::sync::atomic::{AtomicU32, Ordering};

use kamisync::remote::{
    Change, Conflict, DeviceFile, Diff, Limits, Page, Push, Pushed, Remote, RemoteError, Rev,
    Version,
};
use support::{Host, sha256};

use crate::device::{Device, settle};

/// Paths that lead out of the folder, or into parts of it that are not synced, and one that was not sent.
const ELSEWHERE: [&str; 5] = [
    "../outside.md",
    "ideas/../../outside.md",
    ".sync/kamisync.key",
    "other/a.md",
    "ideas/not sent.md",
];

/// A server that answers the first pushes with conflicts about other paths than were sent.
struct Hostile<'a> {
    inner: &'a dyn Remote,
    pushes: AtomicU32,
}

impl Remote for Hostile<'_> {
    fn limits(&self) -> Result<Limits, RemoteError> {
        self.inner.limits()
    }

    fn totals(&self) -> Result<(u64, u64), RemoteError> {
        self.inner.totals()
    }

    fn is_deleted(&self) -> Result<bool, RemoteError> {
        self.inner.is_deleted()
    }

    fn changes(&self, since: &str, content: bool) -> Result<Page, RemoteError> {
        self.inner.changes(since, content)
    }

    fn push(&self, push: &Push) -> Result<Pushed, RemoteError> {
        if self.pushes.fetch_add(1, Ordering::Relaxed) >= 2 {
            return self.inner.push(push);
        }
        let conflict = |path: &str| Conflict {
            path: path.to_owned(),
            current: Some(Change {
                rev: u64::MAX >> 1,
                path: path.to_owned(),
                checksum: Some(sha256(b"hostile")),
                modified: 1,
                device: None,
                content: None,
            }),
        };
        Ok(Pushed::Conflict(ELSEWHERE.map(conflict).into()))
    }

    fn diff(&self, files: &[DeviceFile]) -> Result<Diff, RemoteError> {
        self.inner.diff(files)
    }

    fn content(&self, _: &str, _: Rev) -> Result<Option<Vec<u8>>, RemoteError> {
        Ok(Some(b"hostile".to_vec()))
    }

    fn history(&self, path: &str) -> Result<Vec<Version>, RemoteError> {
        self.inner.history(path)
    }
}

#[test]
fn an_answer_about_paths_that_were_not_sent_writes_nothing() {
    let host = Host::start();
    let (a, b) = (Device::new(&host, "a"), Device::new(&host, "b"));
    a.write("ideas/a.md", "a");
    let hostile = Hostile {
        inner: a.remote(),
        pushes: 0.into(),
    };
    let report = a.try_sync(&hostile, false).unwrap();
    assert!(report.uploaded.contains("ideas/a.md"), "{report:?}");
    for path in ELSEWHERE {
        assert!(!a.place(path).exists(), "{path}");
    }
    assert_eq!(settle(&[&a, &b]).len(), 1);
}
