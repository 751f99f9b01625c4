//! What a server takes by its limits.

use std::collections::BTreeMap;

use super::local::Edit;
use crate::remote::{Limits, Scope};

/// What a server with these limits takes of some edits, and why it does not take the others.
pub fn by_limits(edits: Vec<Edit>, limits: &Limits) -> (Vec<Edit>, BTreeMap<String, String>) {
    let (mut sound, mut refused) = (Vec::new(), BTreeMap::new());
    for edit in edits {
        match fault(&edit, limits) {
            Some(reason) => _ = refused.insert(edit.path, reason),
            None => sound.push(edit),
        }
    }
    (sound, refused)
}

/// What may go up with a key of this scope, and why the rest may not.
pub fn by_scope(edits: Vec<Edit>, scope: Scope) -> (Vec<Edit>, BTreeMap<String, String>) {
    let (needed, reason) = match scope {
        Scope::Read => (Scope::Append, "the key of this device may only read"),
        _ => (Scope::Write, "the key of this device may delete nothing"),
    };
    let may_go = |edit: &Edit| scope >= needed || scope == Scope::Append && edit.size.is_some();
    let (edits, refused): (Vec<Edit>, Vec<Edit>) = edits.into_iter().partition(may_go);
    let refused = refused.into_iter();
    let refused = refused.map(|edit| (edit.path, reason.to_owned()));
    (edits, refused.collect())
}

/// Why a server with these limits does not take an edit.
fn fault(edit: &Edit, limits: &Limits) -> Option<String> {
    let folder = edit.path.split('/').next().unwrap_or_default();
    let folders = &limits.sync_folders;
    if !folders.iter().any(|name| name == folder || name == "*") {
        return Some(format!("the server takes no files in '{folder}'"));
    }
    let most = limits.max_file_size;
    let is_large = edit.size.is_some_and(|size| size > most);
    is_large.then(|| format!("it is larger than the {most} bytes that the server takes"))
}
