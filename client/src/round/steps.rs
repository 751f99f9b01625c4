//! What is to be done for some changes of the server, and what is remembered of them.

use crate::apply::Old;
use crate::remote::Change;
use crate::scan::Local;
use crate::state::{Entry, Pending, Update};

/// What is to be done on the disk for some changes, and what to remember.
#[derive(Default)]
pub(super) struct Steps {
    pub writes: Vec<Step>,
    pub removals: Vec<Change>,
    pub updates: Vec<Update>,
    /// The disk has changed since it was looked at.
    pub again: Vec<Change>,
}

/// A file to write for a change.
pub(super) struct Step {
    pub change: Change,
    /// What is written: the content of the change, or a merge that then goes up.
    pub content: Vec<u8>,
    pub old: Old,
    pub kind: Kind,
}

/// How a written file is reported.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Downloaded,
    Returned,
    Merged,
}

/// The file here has the content of the change, or a merge with it that is not yet on the server.
pub(super) fn in_step(change: Change, local: &Local) -> Update {
    let is_same = change.checksum.as_ref() == Some(&local.checksum);
    let stamp = if is_same {
        local.stamp.clone()
    } else {
        String::new()
    };
    let entry = Entry {
        stamp,
        ..Entry::of(change.rev, change.checksum)
    };
    Update::Entry(change.path, entry)
}

/// What is here, a file or none, started from this version.
pub(super) fn based_on(change: Change) -> Update {
    Update::Entry(change.path, Entry::of(change.rev, change.checksum))
}

/// The change is not on this disk.
pub(super) fn pending(change: Change, reason: &str) -> Update {
    let pending = Pending {
        rev: change.rev,
        checksum: change.checksum,
        modified: change.modified,
        reason: reason.to_owned(),
    };
    Update::Pending(change.path, pending)
}

/// Both sides have the same: this file, or none.
pub(super) fn recorded(change: Change, local: Option<&Local>) -> Update {
    let stamp = local.map(|local| local.stamp.clone()).unwrap_or_default();
    let entry = Entry {
        stamp,
        ..Entry::of(change.rev, change.checksum)
    };
    Update::Entry(change.path, entry)
}
