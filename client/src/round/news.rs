//! What may be new since the last round.

use crate::scan::Touched;

/// What may be new since the last round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
    /// What was touched here.
    pub here: Touched,
    /// Whether the server may have something. If not, a round asks it for nothing when nothing has to go up.
    pub there: bool,
}

impl News {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self {
            here: Touched::Anything,
            there: true,
        }
    }
}
