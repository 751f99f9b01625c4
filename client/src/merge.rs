//! Merges two edits of one text, line by line.

/// The merged text; none when both changed the same lines, or it is no text.
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    let is_text = |bytes: &&[u8]| !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
    match [base, ours, theirs].iter().all(is_text) {
        true => diffy::merge_bytes(base, ours, theirs).ok(),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn merged(base: &str, ours: &str, theirs: &str) -> Option<String> {
        let merged = merge(base.as_bytes(), ours.as_bytes(), theirs.as_bytes())?;
        Some(String::from_utf8(merged).unwrap())
    }

    #[test]
    fn edits_of_different_lines_merge() {
        let base = "one\ntwo\nthree\nfour\nfive\n";
        let ours = base.replace("one", "ONE");
        let theirs = base.replace("five", "FIVE");
        let both = "ONE\ntwo\nthree\nfour\nFIVE\n";
        assert_eq!(merged(base, &ours, &theirs).as_deref(), Some(both));
    }

    #[test]
    fn edits_of_the_same_line_and_of_binary_content_do_not() {
        assert_eq!(merged("one\n", "uno\n", "eins\n"), None);
        assert_eq!(merge(b"a\n\nb\n\nc", b"A\n\nb\n\nc", b"a\n\nb\n\n\0"), None);
        assert_eq!(
            merge(b"a\n\nb\n\nc", b"A\n\nb\n\nc", b"a\n\nb\n\n\xff"),
            None
        );
    }

    fn text() -> impl Strategy<Value = String> {
        let lines = prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "", "d"]), 0..8);
        lines.prop_map(|lines| lines.join("\n"))
    }

    /// The lines of a text that are not in another, each as often as it is there more.
    fn added(text: &str, base: &str) -> Vec<String> {
        let mut rest: Vec<&str> = base.split('\n').collect();
        let is_new = |line: &&str| match rest.iter().position(|other| other == line) {
            Some(at) => {
                rest.swap_remove(at);
                false
            }
            None => true,
        };
        text.split('\n').filter(is_new).map(str::to_owned).collect()
    }

    proptest! {
        #[test]
        fn one_edit_alone_is_the_result(base in text(), edit in text()) {
            prop_assert_eq!(merged(&base, &edit, &base), Some(edit.clone()));
            prop_assert_eq!(merged(&base, &base, &edit), Some(edit.clone()));
            prop_assert_eq!(merged(&base, &edit, &edit), Some(edit.clone()));
        }

        #[test]
        fn a_line_that_either_side_added_is_in_the_result(base in text(), ours in text(), theirs in text()) {
            if let Some(both) = merged(&base, &ours, &theirs) {
                for line in added(&ours, &base).into_iter().chain(added(&theirs, &base)) {
                    prop_assert!(both.split('\n').any(|other| other == line), "{line:?} in {both:?}");
                }
            }
        }
    }
}
