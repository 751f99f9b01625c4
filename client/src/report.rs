//! What a round did, and how far it is.

use std::collections::BTreeSet;

use serde::Serialize;

/// What a round did, or would do. Paths are those of the wire.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files that went up.
    pub uploaded: BTreeSet<String>,
    /// Files that were deleted here, and now on the server too.
    pub deleted_there: BTreeSet<String>,
    /// Files that came down.
    pub downloaded: BTreeSet<String>,
    /// Files that were deleted elsewhere, and are in the trash here.
    pub deleted_here: BTreeSet<String>,
    /// Files whose two edits were merged.
    pub merged: BTreeSet<String>,
    /// Files that were edited here although they had been deleted elsewhere: they stay.
    pub kept: BTreeSet<String>,
    /// Files that were deleted here although they had been edited elsewhere: they are back.
    pub returned: BTreeSet<String>,
    /// Files whose two edits could not be merged.
    pub conflicts: Vec<ConflictCopy>,
    /// What could not be synced.
    pub left: Vec<Left>,
    /// Folders that could not be read: nothing in them was synced.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unread: BTreeSet<String>,
    /// What a round has asked, or would ask, instead of deleting more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
}

/// A file whose two edits could not be merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConflictCopy {
    /// It has the text of the server.
    pub path: String,
    /// It has the text of this device; empty when it is not written yet.
    pub copy: String,
    /// Whether the copy is on this device alone, since it is not selected.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_local: bool,
}

/// Something that could not be synced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Which file.
    pub path: String,
    /// Why.
    pub reason: String,
}

impl Report {
    /// Whether nothing was, or would be, changed on either side.
    pub fn is_in_step(&self) -> bool {
        self.kinds().iter().all(|(_, paths)| paths.is_empty()) && self.conflicts.is_empty()
    }

    /// The files that were, or would be, changed, but for conflicts, and in which way.
    pub fn kinds(&self) -> [(&'static str, &BTreeSet<String>); 7] {
        // Without `..`, so that no list is forgotten here.
        let Self {
            uploaded,
            deleted_there,
            downloaded,
            deleted_here,
            merged,
            kept,
            returned,
            conflicts: _,
            left: _,
            unread: _,
            question: _,
        } = self;
        [
            ("uploaded", uploaded),
            ("downloaded", downloaded),
            ("merged", merged),
            ("deleted on the server", deleted_there),
            ("deleted here", deleted_here),
            ("kept (deleted elsewhere)", kept),
            ("restored (edited elsewhere)", returned),
        ]
    }
}

/// Hears how far a round is.
pub trait Progress {
    /// Something begins, with so many files and bytes where that is known.
    fn begin(&self, phase: Phase, total: Option<(u64, u64)>);
    /// So many more files and bytes are done.
    fn advance(&self, files: u64, bytes: u64);
}

/// What a round does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Looks at the files here.
    Scan,
    /// Takes what others changed.
    Download,
    /// Sends what was changed here.
    Upload,
}

/// Tells nobody.
#[derive(Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Phase, _: Option<(u64, u64)>) {}
    fn advance(&self, _: u64, _: u64) {}
}
