//! Which projects a key opens.

use std::collections::BTreeSet;

use crate::domain::project_id::ProjectId;

/// The projects that a key opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projects {
    /// All, also those that do not exist yet.
    All,
    /// Only these, whether they exist or not.
    Only(BTreeSet<ProjectId>),
}

impl Projects {
    /// Whether the key opens this project.
    pub fn include(&self, id: &ProjectId) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.contains(id),
        }
    }

    /// Whether every project of `other` is one of these.
    pub fn include_all(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(ids), Self::Only(others)) => others.is_subset(ids),
        }
    }
}
