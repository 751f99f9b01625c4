//! Files here that the server does not take, as the rounds until now have seen them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::State;
use crate::error::SyncError;

const NAME: &str = "untaken";

/// The files, by path.
pub type AllUntaken = BTreeMap<String, Untaken>;

/// A file that the server has at no place, and does not take at this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Untaken {
    /// Where it was perhaps moved from: a file of the server that was gone when this one was first seen.
    pub from: Option<String>,
    /// What the server has said of it.
    pub said: Option<Said>,
}

/// Why the server does not take a file with this content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The content.
    pub checksum: String,
    /// The reason.
    pub reason: String,
}

impl State {
    /// What the server does not take.
    pub fn untaken(&self) -> Result<AllUntaken, SyncError> {
        let text = self.meta(NAME)?.unwrap_or_default();
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Remembers what the server does not take.
    pub fn set_untaken(&mut self, untaken: &AllUntaken) -> Result<(), SyncError> {
        if *untaken == self.untaken()? {
            return Ok(());
        }
        let text = serde_json::to_string(untaken).unwrap_or_default();
        self.set_meta(NAME, &text)
    }
}
