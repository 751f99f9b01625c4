//! Where a client stands in the history of a project, with a proof that it is this history.

use std::fmt;

use crate::project::Rev;

/// A place in the change feed, opaque to clients.
///
/// `epoch` is random per project, made anew when a deleted project is made again; `tag` is a
/// running hash over all changes up to `rev`. After a restored backup one of the three differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Of the project.
    pub epoch: i64,
    /// The newest change that the client has.
    pub rev: Rev,
    /// At that change.
    pub tag: i64,
}

/// How the beginning of every history is written.
pub const BEGINNING: &str = "0";

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rev {
            0 => f.write_str(BEGINNING),
            rev => write!(f, "{:x}-{rev}-{:x}", self.epoch, self.tag),
        }
    }
}
