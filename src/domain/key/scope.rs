//! How much a key may do.

use std::fmt;

/// How much a key may do. Each scope has the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Pull, change feed, history, diff, manifest.
    Read,
    /// Push new files and new versions. What they replace stays in the history.
    Append,
    /// Delete and restore.
    Write,
    /// Delete projects, and manage keys.
    Manage,
}

impl Scope {
    /// All scopes, the smallest first.
    pub const ALL: [Self; 4] = [Self::Read, Self::Append, Self::Write, Self::Manage];

    /// Reads the name of a scope.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }

    /// The name, as requests and the database have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Append => "append",
            Self::Write => "write",
            Self::Manage => "manage",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_back_and_has_those_before() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
        }
        assert!(Scope::ALL.is_sorted());
        assert_eq!(Scope::parse("admin"), None);
    }
}
