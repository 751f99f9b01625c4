//! What the server's version of a path means when everything is compared: without a cursor, with lost
//! state, or after a backup of the server was restored.

use std::collections::HashSet;

use super::decide::Decision;
use crate::remote::{Change, Diff, DiffEntry};
use crate::state::Entry;

/// The paths of a [`Diff`] by what they need.
#[derive(Debug, Default)]
pub struct Judged<'a> {
    behind: HashSet<&'a str>,
    edited: HashSet<&'a str>,
    apart: HashSet<&'a str>,
}

impl<'a> Judged<'a> {
    /// Sorts an answer of the server.
    pub fn of(diff: &'a Diff) -> Self {
        let behind = diff.download.iter().chain(&diff.delete_local);
        Self {
            behind: paths(behind),
            edited: paths(diff.upload.iter()),
            apart: paths(diff.conflict.iter()),
        }
    }
}

fn paths<'a>(entries: impl Iterator<Item = &'a DiffEntry>) -> HashSet<&'a str> {
    entries.map(|entry| &*entry.path).collect()
}

/// Decides for a path with this content here. What changed while the server compared is passed over: the
/// feed will tell.
pub fn compare(
    entry: Option<&Entry>,
    local: Option<&str>,
    remote: &Change,
    judged: &Judged,
) -> Decision {
    let path = &*remote.path;
    let content = remote.checksum.as_deref();
    let Some(local) = local else {
        return absent(entry, content);
    };
    if Some(local) == content {
        Decision::Record
    } else if judged.edited.contains(path) || is_base(entry, remote) {
        Decision::Follow
    } else if judged.behind.contains(path) {
        content.map_or(Decision::Remove, |_| Decision::Write)
    } else if judged.apart.contains(path) && is_lost(entry, local, remote) {
        Decision::Follow
    } else if judged.apart.contains(path) {
        content.map_or(Decision::Keep, |_| Decision::Merge)
    } else {
        Decision::Known
    }
}

/// The server has, again or still, the content that was edited here.
fn is_base(entry: Option<&Entry>, remote: &Change) -> bool {
    entry.is_some_and(|entry| entry.checksum.is_some() && entry.checksum == remote.checksum)
}

/// The server has lost what is here, and has what was here before: one of another history would be newer.
fn is_lost(entry: Option<&Entry>, local: &str, remote: &Change) -> bool {
    entry.is_some_and(|entry| {
        entry.checksum.as_deref() == Some(local) && remote.rev <= entry.previous
    })
}

/// No file here: a deletion when the server still has what was deleted.
fn absent(entry: Option<&Entry>, content: Option<&str>) -> Decision {
    let had = entry.and_then(|entry| entry.checksum.as_deref());
    match content {
        None => Decision::Record,
        Some(content) if had == Some(content) => Decision::Follow,
        Some(_) if had.is_some() => Decision::Return,
        Some(_) => Decision::Write,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(rev: u64, checksum: Option<&str>) -> Change {
        Change {
            rev,
            path: "a".to_owned(),
            checksum: checksum.map(str::to_owned),
            modified: 0,
            device: None,
            content: None,
        }
    }

    fn diff(list: &str) -> Diff {
        let entry = vec![DiffEntry {
            path: "a".to_owned(),
            device_path: None,
        }];
        let mut diff = Diff::default();
        match list {
            "upload" => diff.upload = entry,
            "download" => diff.download = entry,
            "delete_local" => diff.delete_local = entry,
            "conflict" => diff.conflict = entry,
            _ => {}
        }
        diff
    }

    #[test]
    fn the_server_judges_what_is_here() {
        use Decision::*;
        let (a, b, c) = (Some("a"), Some("b"), Some("c"));
        for (entry, local, content, list, verdict) in [
            (None, a, a, "", Record),
            (None, a, b, "download", Write),
            (None, a, None, "delete_local", Remove),
            (None, a, b, "conflict", Merge),
            (None, a, None, "conflict", Keep),
            (None, a, b, "upload", Follow),
            (None, a, b, "", Known),
            (None, None, b, "download", Write),
            (None, None, None, "", Record),
            // The server lost the newer version that is here, and has the one before, or an older one.
            (Some((5, b)), b, a, "conflict", Follow),
            (Some((6, b)), b, a, "conflict", Follow),
            (Some((6, b)), b, None, "conflict", Follow),
            (Some((5, b)), a, a, "", Record),
            // It has a version that was never here, or has the text that is here among those before.
            (Some((4, b)), b, a, "conflict", Merge),
            (Some((6, b)), b, a, "download", Write),
            (Some((6, b)), b, None, "delete_local", Remove),
            (Some((6, b)), c, a, "conflict", Merge),
            (Some((3, b)), a, b, "conflict", Follow),
            // Deleted here: the server still has the same, or has another.
            (Some((6, b)), None, b, "download", Follow),
            (Some((3, b)), None, b, "download", Follow),
            (Some((3, a)), None, b, "download", Return),
            (Some((3, None)), None, b, "download", Write),
        ] {
            let entry = entry.map(|(previous, checksum)| Entry {
                previous,
                ..Entry::of(0, checksum.map(str::to_owned))
            });
            let diff = diff(list);
            let judged = Judged::of(&diff);
            let made = compare(entry.as_ref(), local, &remote(5, content), &judged);
            assert_eq!(made, verdict, "{entry:?} {local:?} {content:?} {list}");
        }
    }
}
