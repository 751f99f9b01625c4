//! Which words of two texts differ.

use std::ops::Range;
use std::time::Instant;

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use super::trim::{common_prefix, common_suffix};

/// Bytes between the first word that differs and the last one. Of more, all count as changed.
const MAX_COMPARED_BYTES: usize = 64 << 10;

/// Places in a text, in their order.
pub type Marks = Vec<Range<usize>>;

/// What an older and a newer text have for themselves; nothing is marked when they have hardly anything in
/// common.
pub fn marks(old: &str, new: &str, deadline: Instant) -> [Marks; 2] {
    let before = equal_before(old, new);
    let after = equal_after(&old[before..], &new[before..]);
    let [old_middle, new_middle] = [old, new].map(|text| &text[before..text.len() - after]);
    let marks = if old_middle.len().max(new_middle.len()) > MAX_COMPARED_BYTES {
        [old_middle, new_middle].map(|text| std::iter::once(0..text.len()).collect())
    } else {
        middle_marks(old_middle, new_middle, deadline)
    };
    let shift = |place: Range<usize>| before + place.start..before + place.end;
    let marks = marks.map(|marks| marks.into_iter().map(shift).collect::<Marks>());
    if is_alike(old, &marks[0]) && is_alike(new, &marks[1]) {
        marks
    } else {
        [Marks::new(), Marks::new()]
    }
}

fn middle_marks(old: &str, new: &str, deadline: Instant) -> [Marks; 2] {
    let [old_words, new_words] = [old, new].map(words);
    let texts = [(old, &old_words), (new, &new_words)];
    let [old, new] =
        texts.map(|(text, words)| words.iter().map(|at| &text[at.clone()]).collect::<Vec<_>>());
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(deadline));
    let changed = || ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    [
        changed()
            .filter_map(|op| place(&old_words, op.old_range()))
            .collect(),
        changed()
            .filter_map(|op| place(&new_words, op.new_range()))
            .collect(),
    ]
}

/// Where some words are, which follow each other.
fn place(words: &[Range<usize>], some: Range<usize>) -> Option<Range<usize>> {
    let some = &words[some];
    Some(some.first()?.start..some.last()?.end)
}

/// Letters and digits that belong together, blanks that do, and anything else alone.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut last = Kind::Sign;
    for (start, c) in text.char_indices() {
        let (kind, end) = (kind(c), start + c.len_utf8());
        match words
            .last_mut()
            .filter(|_| kind == last && kind != Kind::Sign)
        {
            Some(word) => word.end = end,
            None => words.push(start..end),
        }
        last = kind;
    }
    words
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Blank,
    Sign,
}

fn kind(c: char) -> Kind {
    match c {
        // Chinese and Japanese are written without blanks.
        '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'.. => Kind::Sign,
        '\n' => Kind::Sign,
        c if c.is_alphanumeric() || matches!(c, '_' | '\u{300}'..='\u{36f}') => Kind::Letter,
        c if c.is_whitespace() => Kind::Blank,
        _ => Kind::Sign,
    }
}

/// Bytes of the equal words at the beginning.
fn equal_before(old: &str, new: &str) -> usize {
    let equal = common_prefix(old.as_bytes(), new.as_bytes());
    let equal = &old[..old.floor_char_boundary(equal)];
    equal.trim_end_matches(is_letter).len()
}

/// Bytes of the equal words at the end.
fn equal_after(old: &str, new: &str) -> usize {
    let equal = common_suffix(old.as_bytes(), new.as_bytes());
    let equal = &old[old.ceil_char_boundary(old.len() - equal)..];
    equal.trim_start_matches(is_letter).len()
}

fn is_letter(c: char) -> bool {
    kind(c) == Kind::Letter
}

/// Whether a third of a text is not marked.
fn is_alike(text: &str, marks: &[Range<usize>]) -> bool {
    let marked: usize = marks.iter().map(Range::len).sum();
    (text.len() - marked) * 3 >= text.len()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// Both texts with brackets around what is marked.
    fn marked(old: &str, new: &str) -> [String; 2] {
        let deadline = Instant::now() + Duration::from_secs(5);
        let [in_old, in_new] = marks(old, new, deadline);
        [(old, in_old), (new, in_new)].map(|(text, marks)| {
            let mut marked = text.to_owned();
            for place in marks.into_iter().rev() {
                marked.insert(place.end, ']');
                marked.insert(place.start, '[');
            }
            marked
        })
    }

    #[test]
    fn words_that_differ_are_marked_whole() {
        for (old, new, expected) in [
            (
                "a bold word",
                "a cold word",
                ["a [bold] word", "a [cold] word"],
            ),
            (
                "one three",
                "one two three",
                ["one three", "one [two ]three"],
            ),
            (
                "ghi chú cũ",
                "ghi chú mới",
                ["ghi chú [cũ]", "ghi chú [mới]"],
            ),
            ("a, b, c", "a, x, c, d", ["a, [b], c", "a, [x], c[, d]"]),
            (
                "a cafe\u{301} by",
                "a cafe by",
                ["a [cafe\u{301}] by", "a [cafe] by"],
            ),
            ("我们今天去", "我们明天去", ["我们[今]天去", "我们[明]天去"]),
            (
                "- [ ] buy milk",
                "- [x] buy milk",
                ["- [[ ]] buy milk", "- [[x]] buy milk"],
            ),
            (
                "quite other",
                "nothing alike",
                ["quite other", "nothing alike"],
            ),
        ] {
            assert_eq!(marked(old, new), expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn a_long_line_is_marked_from_its_first_change_to_its_last() {
        let same = "same, ".repeat(100_000);
        let middle = |text: &str| text.repeat(20_000);
        let [old, new] =
            [middle("old "), middle("new ")].map(|middle| format!("{same}{middle}{same}"));
        let [in_old, in_new] = marks(&old, &new, Instant::now());
        assert_eq!((in_old.len(), in_new.len()), (1, 1));
        assert!(in_old[0].start >= same.len() - 1 && in_old[0].end <= old.len() - same.len() + 6);
    }

    proptest! {
        #[test]
        fn what_is_not_marked_is_in_both(old in "[ab ,é\n]{0,30}", new in "[ab ,é\n]{0,30}") {
            let deadline = Instant::now() + Duration::from_secs(5);
            let [in_old, in_new] = marks(&old, &new, deadline);
            if !in_old.is_empty() || !in_new.is_empty() {
                let rest = |text: &str, marks: Marks| {
                    let mut text = text.to_owned();
                    marks.into_iter().rev().for_each(|place| text.replace_range(place, ""));
                    text
                };
                prop_assert_eq!(rest(&old, in_old), rest(&new, in_new));
            }
        }
    }
}
