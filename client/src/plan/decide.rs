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
/// a deletion), which this device has sent, or another.
pub fn decide(
    entry: Option<&Entry>,
    local: Option<&str>,
    (rev, remote): (Rev, Option<&str>),
    is_own: bool,
) -> Decision {
    if entry.is_some_and(|entry| entry.rev >= rev) {
        return Decision::Known;
    }
    let base = entry.and_then(|entry| entry.checksum.as_deref());
    match (local, remote) {
        _ if local == remote => Decision::Record,
        // The answer was lost: what is here is newer.
        (_, Some(_)) if is_own => Decision::Follow,
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

    fn entry(checksum: Option<&str>) -> Entry {
        Entry::of(5, checksum.map(str::to_owned))
    }

    #[test]
    fn each_pair_of_changes_has_its_decision() {
        use Decision::*;
        let (a, b, c) = (Some("a"), Some("b"), Some("c"));
        for (base, is_own, local, remote, decision) in [
            (a, false, a, b, Write),
            (a, false, a, None, Remove),
            (a, false, b, b, Record),
            (a, false, None, None, Record),
            (a, false, None, b, Return),
            (a, false, b, None, Keep),
            (a, false, b, c, Merge),
            (a, false, b, a, Follow),
            (a, true, c, b, Follow),
            (a, true, a, b, Follow),
            (None, false, None, b, Write),
            (None, false, b, c, Merge),
            (None, true, c, b, Follow),
            (None, true, None, b, Follow),
            (None, false, b, None, Keep),
        ] {
            let entry = entry(base);
            let made = decide(Some(&entry), local, (6, remote), is_own);
            assert_eq!(made, decision, "{base:?} {is_own} {local:?} {remote:?}");
            assert_eq!(decide(Some(&entry), local, (5, remote), is_own), Known);
        }
        assert_eq!(decide(None, None, (1, b), false), Write);
        assert_eq!(decide(None, b, (1, b), false), Record);
        assert_eq!(decide(None, b, (1, c), false), Merge);
        assert_eq!(decide(None, None, (1, None), false), Record);
    }

    fn text() -> impl Strategy<Value = Option<&'static str>> {
        prop::sample::select(vec![None, Some("a"), Some("b"), Some("c")])
    }

    proptest! {
        /// What is here is only replaced or removed when the server has had it.
        #[test]
        fn no_edit_is_written_over(base in text(), is_own: bool, local in text(), remote in text()) {
            let made = decide(Some(&entry(base)), local, (6, remote), is_own);
            if matches!(made, Decision::Write | Decision::Remove) {
                prop_assert_eq!(local, base);
            }
            if matches!(made, Decision::Return) {
                prop_assert_eq!(local, None);
            }
        }

        /// Nothing of the server is passed over, except a deletion that met an edit, and what came from here.
        #[test]
        fn no_edit_of_others_is_ignored(base in text(), is_own: bool, local in text(), remote in text()) {
            let made = decide(Some(&entry(base)), local, (6, remote), is_own);
            if matches!(made, Decision::Record | Decision::Keep | Decision::Follow) {
                prop_assert!(remote.is_none() || is_own || [local, base].contains(&remote));
            }
            prop_assert_ne!(made, Decision::Known);
        }
    }
}
