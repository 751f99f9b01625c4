//! Entries of a push that started from a version which is no longer the newest.

use super::checksum::Checksum;
use super::current_state::CurrentState;
use super::push::Push;
use super::version::{Rev, Version};

/// A path that a push with `base` could not change.
#[derive(Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The path of the file.
    pub path: String,
    /// The base that the device sent.
    pub base: Rev,
    /// What the server has; none when the path never existed.
    pub current: Option<Version>,
}

/// Every conflict between a push and what is stored.
pub fn find(push: &Push, current: &CurrentState) -> impl Iterator<Item = Conflict> {
    let puts = push
        .puts
        .iter()
        .map(|put| (&put.path, put.base, Some(put.checksum)));
    let deletes = push
        .deletes
        .iter()
        .map(|delete| (&delete.path, delete.base, None));
    puts.chain(deletes).filter_map(|(path, base, wanted)| {
        let newest = current.newest(path);
        let base = base.filter(|base| !may_follow(*base, wanted, newest))?;
        Some(Conflict {
            path: path.to_string(),
            base,
            current: newest.cloned(),
        })
    })
}

/// Whether an entry with this base may be stored: it started from the newest version, or wants
/// what is stored already. Base 0 starts from "there never was such a file"; a deletion is a newer
/// version too, or a retry after a lost answer would bring the file back.
fn may_follow(base: Rev, wanted: Option<Checksum>, newest: Option<&Version>) -> bool {
    let stored = newest.and_then(|newest| newest.checksum);
    newest.map_or(0, |newest| newest.rev) == base || stored == wanted
}
