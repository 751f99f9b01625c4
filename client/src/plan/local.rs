//! What was changed here since both sides were in sync.

use std::collections::BTreeMap;

use super::both;
use crate::config::Selection;
use crate::remote::Rev;
use crate::scan::{Local, Scan};
use crate::state::Entry;

/// A change that has to go up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The path.
    pub path: String,
    /// The server's version that it started from.
    pub base: Rev,
    /// The bytes of the file; none when it was deleted.
    pub size: Option<u64>,
    /// The content that goes up, or that is deleted.
    pub checksum: String,
}

/// All edits, by path. What cannot be read is no edit.
pub fn edits(scan: &Scan, entries: &BTreeMap<String, Entry>, selection: &Selection) -> Vec<Edit> {
    let edit = |(path, local, entry): (&String, Option<&Local>, Option<&Entry>)| match local {
        Some(local) => put(path, local, entry),
        None if scan.oddity(path).is_none() && selection.has_file(path) => deletion(path, entry?),
        None => None,
    };
    both(&scan.files, entries).filter_map(edit).collect()
}

fn put(path: &str, local: &Local, entry: Option<&Entry>) -> Option<Edit> {
    let had = entry.and_then(|entry| entry.checksum.as_ref());
    (had != Some(&local.checksum)).then(|| Edit {
        path: path.to_owned(),
        base: entry.map_or(0, |entry| entry.rev),
        size: Some(local.size),
        checksum: local.checksum.clone(),
    })
}

fn deletion(path: &str, entry: &Entry) -> Option<Edit> {
    let checksum = entry.checksum.clone()?;
    Some(Edit {
        path: path.to_owned(),
        base: entry.rev,
        size: None,
        checksum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(checksum: &str) -> Local {
        Local {
            checksum: checksum.to_owned(),
            size: 1,
            modified: 0,
            stamp: String::new(),
        }
    }

    #[test]
    fn what_differs_is_an_edit_and_what_is_odd_is_none() {
        let here = [
            ("i/new.md", "n"),
            ("i/same.md", "s"),
            ("i/edited.md", "e"),
            ("i/again.md", "a"),
        ];
        let files = here.map(|(path, checksum)| (path.to_owned(), local(checksum)));
        let mut scan = Scan::default();
        scan.files.extend(files);
        scan.odd.insert("i/link".to_owned(), "a link".to_owned());
        let live = |checksum: &str| Entry::of(7, Some(checksum.to_owned()));
        let entries = [
            ("i/same.md", live("s")),
            ("i/edited.md", live("old")),
            ("i/again.md", Entry::of(8, None)),
            ("i/gone.md", live("g")),
            ("i/gone before.md", Entry::of(9, None)),
            ("i/link/x.md", live("x")),
            ("other/x.md", live("x")),
        ];
        let entries = entries.map(|(path, entry)| (path.to_owned(), entry)).into();
        let selection = Selection::of(&["i".to_owned()], &[], "").unwrap();
        let edits = edits(&scan, &entries, &selection);
        let edits: Vec<_> = edits
            .iter()
            .map(|edit| (&*edit.path, edit.base, edit.size))
            .collect();
        assert_eq!(
            edits,
            [
                ("i/again.md", 8, Some(1)),
                ("i/edited.md", 7, Some(1)),
                ("i/gone.md", 7, None),
                ("i/new.md", 0, Some(1)),
            ]
        );
    }
}
