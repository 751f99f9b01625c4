//! Merges two edits of one text, line by line.

use std::collections::HashMap;

/// The most that a comparison may take, as lines times lines that differ: half a second.
const MOST: usize = 400_000_000;

/// The merged text; none when both changed the same lines, it is no text, or so much differs that it would take long.
pub fn merge(base: &[u8], ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    let is_text = |bytes: &&[u8]| !bytes.contains(&0) && std::str::from_utf8(bytes).is_ok();
    let is_text = [base, ours, theirs].iter().all(is_text);
    if is_text && effort(base, ours).max(effort(base, theirs)) <= MOST {
        diffy::merge_bytes(base, ours, theirs).ok()
    } else {
        None
    }
}

/// What a comparison takes at most: the lines of both, times those that are not among the lines which are in both in
/// the same order.
fn effort(base: &[u8], edit: &[u8]) -> usize {
    let (base, edit) = (lines(base), lines(edit));
    let places: HashMap<_, usize> = edit.iter().copied().zip(0..).collect();
    let places = base.iter().filter_map(|line| places.get(line).copied());
    let all = base.len() + edit.len();
    all * (all - 2 * longest_ascending(places))
}

/// The lines, each with how often it was there before, so that all are different.
fn lines(text: &[u8]) -> Vec<(&[u8], usize)> {
    let mut counts: HashMap<&[u8], usize> = HashMap::new();
    let lines = text.split(|byte| *byte == b'\n');
    let numbered = lines.map(|line| {
        let count = counts.entry(line).or_default();
        *count += 1;
        (line, *count)
    });
    numbered.collect()
}

/// How many of these numbers can be left so that each is greater than the one before.
fn longest_ascending(numbers: impl Iterator<Item = usize>) -> usize {
    // At each length, the smallest number that such a row ends with.
    let mut ends: Vec<usize> = Vec::new();
    for number in numbers {
        let at = ends.partition_point(|end| *end < number);
        match ends.get_mut(at) {
            Some(end) => *end = number,
            None => ends.push(number),
        }
    }
    ends.len()
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

    /// So many lines, each with this word, but for some.
    fn lines(word: &str, count: usize, others: &[(usize, &str)]) -> String {
        let mut lines: Vec<String> = (0..count)
            .map(|number| format!("{word} {number}\n"))
            .collect();
        for (at, text) in others {
            lines[*at] = format!("{text}\n");
        }
        lines.concat()
    }

    #[test]
    fn what_would_take_long_is_not_merged_and_few_edits_of_a_long_text_are() {
        let count = 60_000;
        let base = lines("base", count, &[]);
        let began = std::time::Instant::now();
        let shuffled: String = base.lines().rev().map(|line| format!("{line}\n")).collect();
        for ours in [lines("ours", count, &[]), shuffled] {
            assert_eq!(merged(&base, &ours, &lines("theirs", count, &[])), None);
        }
        let (top, end) = ((3, "top"), (count - 3, "end"));
        let ours = lines("base", count, &[top, end]);
        let theirs = lines("base", count, &[(count / 2, "middle")]);
        let both = lines("base", count, &[top, (count / 2, "middle"), end]);
        assert_eq!(merged(&base, &ours, &theirs), Some(both));
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
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
