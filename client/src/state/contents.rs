//! What is known of files without reading them.

use std::collections::BTreeMap;

use super::{Entry, Unsent};

/// Contents that were read before.
#[derive(Clone, Copy)]
pub struct Contents<'a> {
    /// Those that the server has.
    pub entries: &'a BTreeMap<String, Entry>,
    /// Those that it does not have.
    pub unsent: &'a BTreeMap<String, Unsent>,
}

impl<'a> Contents<'a> {
    /// Only these.
    #[cfg(test)]
    pub(crate) fn of(entries: &'a BTreeMap<String, Entry>) -> Self {
        static NONE: BTreeMap<String, Unsent> = BTreeMap::new();
        Self {
            entries,
            unsent: &NONE,
        }
    }

    /// The content of a file that the system still describes like this.
    pub fn checksum(&self, path: &str, stamp: &str) -> Option<String> {
        let entry = self.entries.get(path).filter(|it| it.stamp == stamp);
        let unsent = self.unsent.get(path).filter(|it| it.stamp == stamp);
        let of_entry = entry.and_then(|entry| entry.checksum.clone());
        of_entry.or_else(|| Some(unsent?.checksum.clone()))
    }
}
