//! A file as it is stored, and the version of it that is shown.

use crate::api::Error;
use crate::domain::{FilePath, ProjectId, Rev};
use crate::store::{ProjectSummary, Store, StoredVersion};

/// A file as it is stored.
pub(super) struct Found {
    pub(super) project: ProjectSummary,
    newest: StoredVersion,
    /// Before its deletion, if it is deleted.
    last: Option<StoredVersion>,
    /// The version that was asked for.
    chosen: Option<StoredVersion>,
}

impl Found {
    /// Reads it: 404 for a path that was never stored, and for a version that never was.
    pub(super) fn read(
        store: &Store,
        id: &ProjectId,
        path: &FilePath,
        rev: Option<Rev>,
    ) -> Result<Self, Error> {
        let never = || Error::Missing(format!("this project has no file '{path}'"));
        let project = store.project_summary(id)?.ok_or_else(never)?;
        let number = project.project.number;
        let newest = store.newest_version(number, path)?.ok_or_else(never)?;
        let deleted_at = Some(newest.version.rev).filter(|_| newest.version.is_deletion());
        let before = deleted_at.map(|rev| store.versions(number, path, rev, 1));
        let chosen = rev.map(|rev| version(store, number, path, rev));
        Ok(Self {
            last: before.transpose()?.and_then(|mut before| before.pop()),
            chosen: chosen.transpose()?,
            newest,
            project,
        })
    }

    /// The version that is shown: the last one with content, unless another was asked for.
    pub(super) fn shown(&self) -> &StoredVersion {
        self.chosen.as_ref().unwrap_or(self.current())
    }

    /// Whether the version that is shown is older than what the file is, or was when it was deleted.
    pub(super) fn is_older(&self) -> bool {
        self.shown().version.rev < self.current().version.rev
    }

    fn current(&self) -> &StoredVersion {
        self.last.as_ref().unwrap_or(&self.newest)
    }

    /// The newest version, a deletion included.
    pub(super) fn newest(&self) -> &StoredVersion {
        &self.newest
    }

    /// The version that brings a deleted file back, if its content is still kept.
    pub(super) fn undelete(&self) -> Option<Rev> {
        let kept = self.last.as_ref().filter(|last| last.content.is_some());
        kept.map(|last| last.version.rev)
    }
}

/// A version of a file: 404 if there is none with this rev.
pub(super) fn version(
    store: &Store,
    project: i64,
    path: &FilePath,
    rev: Rev,
) -> Result<StoredVersion, Error> {
    let found = store.version(project, path, rev)?;
    found.ok_or_else(|| Error::Missing(format!("'{path}' has no version {rev}")))
}
