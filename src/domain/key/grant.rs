//! What a key may do, where, and until when.

use super::projects::Projects;
use super::scope::Scope;

/// What a key may do, where, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// How much.
    pub scope: Scope,
    /// Where.
    pub projects: Projects,
    /// From when on nothing, in microseconds since 1970.
    pub expires_at: Option<i64>,
}

impl Grant {
    /// What the owner's key may do.
    pub const OWNER: Self = Self {
        scope: Scope::Manage,
        projects: Projects::All,
        expires_at: None,
    };

    /// Whether the other may do no more than this one, anywhere, at any time. Otherwise a key that
    /// manages others could make one that may do more than itself, or outlives it.
    pub fn covers(&self, other: &Self) -> bool {
        let outlives = match (self.expires_at, other.expires_at) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(own), Some(others)) => others > own,
        };
        other.scope <= self.scope && self.projects.include_all(&other.projects) && !outlives
    }

    /// Whether it is over.
    pub fn has_expired(&self, now_us: i64) -> bool {
        self.expires_at.is_some_and(|at| at <= now_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::project_id::ProjectId;

    fn grant(scope: Scope, projects: &[&str], expires_at: Option<i64>) -> Grant {
        let id = |text: &&str| ProjectId::parse((*text).to_owned()).unwrap();
        Grant {
            scope,
            projects: match projects {
                [] => Projects::All,
                some => Projects::Only(some.iter().map(id).collect()),
            },
            expires_at,
        }
    }

    #[test]
    fn no_key_covers_one_that_may_do_more() {
        use Scope::{Manage, Read, Write};
        for (of, other, covers) in [
            (grant(Manage, &[], None), grant(Manage, &[], None), true),
            (grant(Manage, &[], None), grant(Read, &["a"], Some(5)), true),
            (grant(Write, &[], None), grant(Manage, &[], None), false),
            (grant(Manage, &["a"], None), grant(Read, &[], None), false),
            (
                grant(Manage, &["a"], None),
                grant(Read, &["b"], None),
                false,
            ),
            (
                grant(Manage, &["a", "b"], None),
                grant(Read, &["b"], None),
                true,
            ),
            (grant(Manage, &[], Some(5)), grant(Read, &[], None), false),
            (
                grant(Manage, &[], Some(5)),
                grant(Read, &[], Some(6)),
                false,
            ),
            (grant(Manage, &[], Some(5)), grant(Read, &[], Some(5)), true),
        ] {
            assert_eq!(of.covers(&other), covers, "{of:?} {other:?}");
            assert!(Grant::OWNER.covers(&other));
        }
    }

    #[test]
    fn a_key_expires_at_its_moment() {
        let limited = grant(Scope::Read, &[], Some(5));
        assert!(!limited.has_expired(4) && limited.has_expired(5));
        assert!(!Grant::OWNER.has_expired(i64::MAX));
    }
}
