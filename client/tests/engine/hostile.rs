//! A server, or something before it, that wants to write elsewhere.

use std::sync::atomic::{AtomicU32, Ordering};

use kamisync::remote::{Change, Conflict, Push, Pushed, Remote, RemoteError, Rev};
use support::{Host, sha256};

use crate::device::{Device, settle};
use crate::pass_on::pass_on;

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

impl Hostile<'_> {
    fn inner(&self) -> &dyn Remote {
        self.inner
    }
}

impl Remote for Hostile<'_> {
    pass_on!(limits totals is_deleted changes diff history);

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

    fn content(&self, _: &str, _: Rev) -> Result<Option<Vec<u8>>, RemoteError> {
        Ok(Some(b"hostile".to_vec()))
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
