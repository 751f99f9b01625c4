//! What a change of the server means for a path, three-way.

use crate::remote::Rev;
use crate::state::Entry;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: this version, or a newer one, was seen before.
    Known,
    /// Remember it: both sides are the same.
    Record,
    /// Take the server's content. What is here is the content last synced.
    Write,
    /// Take the server's content: it was edited there and deleted here.
    Return,
    /// Remove the file. What is here is the content last synced.
    Remove,
    /// Keep the file, which goes up again: it was edited here and deleted there.
    Keep,
    /// Keep what is here, a file or none: it started from the server's version, and goes up.
    Follow,
    /// Merge: it was edited on both sides.
    Merge,
}

/// Decides for a path with this content here (none for no file) and this version on the server (none for
/// a deletion).
pub fn decide(
    entry: Option<&Entry>,
    local: Option<&str>,
    (rev, remote): (Rev, Option<&str>),
) -> Decision {
    if entry.is_some_and(|entry| entry.rev >= rev) {
        return Decision::Known;
    }
    let base = entry.and_then(|entry| entry.checksum.as_deref());
    let sent = entry.and_then(|entry| entry.sent.as_deref());
    match (local, remote) {
        _ if local == remote => Decision::Record,
        // This device sent it, and the answer was lost: what is here is newer.
        (_, Some(_)) if sent == remote => Decision::Follow,
        (Some(_), Some(_)) if base == remote => Decision::Follow,
        (_, Some(_)) if local == base => Decision::Write,
        (_, None) if local == base => Decision::Remove,
        (None, _) => Decision::Return,
        (Some(_), None) => Decision::Keep,
        (Some(_), Some(_)) => Decision::Merge,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(checksum: Option<&str>, sent: Option<&str>) -> Entry {
        Entry {
            rev: 5,
            checksum: checksum.map(str::to_owned),
            stamp: String::new(),
            sent: sent.map(str::to_owned),
        }
    }

    #[test]
    fn each_pair_of_changes_has_its_decision() {
        use Decision::*;
        let (a, b, c) = (Some("a"), Some("b"), Some("c"));
        for (base, sent, local, remote, decision) in [
            (a, None, a, b, Write),
            (a, None, a, None, Remove),
            (a, None, b, b, Record),
            (a, None, None, None, Record),
            (a, None, None, b, Return),
            (a, None, b, None, Keep),
            (a, None, b, c, Merge),
            (a, None, b, a, Follow),
            (a, b, c, b, Follow),
            (None, None, None, b, Write),
            (None, None, b, c, Merge),
            (None, b, c, b, Follow),
            (None, b, None, b, Follow),
            (a, b, a, b, Follow),
            (None, None, b, None, Keep),
        ] {
            let entry = entry(base, sent);
            let made = decide(Some(&entry), local, (6, remote));
            assert_eq!(made, decision, "{base:?} {sent:?} {local:?} {remote:?}");
            assert_eq!(decide(Some(&entry), local, (5, remote)), Known);
        }
        assert_eq!(decide(None, None, (1, b)), Write);
        assert_eq!(decide(None, b, (1, b)), Record);
        assert_eq!(decide(None, b, (1, c)), Merge);
        assert_eq!(decide(None, None, (1, None)), Record);
    }

    fn text() -> impl Strategy<Value = Option<&'static str>> {
        prop::sample::select(vec![None, Some("a"), Some("b"), Some("c")])
    }

    proptest! {
        /// What is here is only replaced or removed when the server has had it.
        #[test]
        fn no_edit_is_written_over(base in text(), sent in text(), local in text(), remote in text()) {
            let made = decide(Some(&entry(base, sent)), local, (6, remote));
            if matches!(made, Decision::Write | Decision::Remove) {
                prop_assert_eq!(local, base);
            }
            if matches!(made, Decision::Return) {
                prop_assert_eq!(local, None);
            }
        }

        /// Nothing of the server is passed over, except a deletion that met an edit, and what came from here.
        #[test]
        fn no_edit_of_others_is_ignored(base in text(), sent in text(), local in text(), remote in text()) {
            let made = decide(Some(&entry(base, sent)), local, (6, remote));
            if matches!(made, Decision::Record | Decision::Keep | Decision::Follow) {
                prop_assert!(remote.is_none() || [local, sent, base].contains(&remote));
            }
            prop_assert_ne!(made, Decision::Known);
        }
    }
}
