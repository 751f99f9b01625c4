//! Leaves out the equal lines at both ends of two texts.

/// What is left of a text.
pub struct Trimmed<'t> {
    /// What is compared, with some equal lines before and after it.
    pub text: &'t str,
    /// The equal lines before it.
    pub context: &'t str,
    /// From the first line that differs to the last one.
    pub compared: &'t str,
    /// Lines that are left out before it.
    pub lines_before: usize,
}

/// Leaves out the equal lines at both ends but for `context` ones.
pub fn trim<'t>(old: &'t str, new: &'t str, context: usize) -> [Trimmed<'t>; 2] {
    let before = equal_before(old.as_bytes(), new.as_bytes());
    let after = equal_after(&old.as_bytes()[before..], &new.as_bytes()[before..]);
    let start = last_lines(&old[..before], context);
    let lines_before = count_lines(&old[..start]);
    [old, new].map(|text| {
        let end = text.len() - after;
        Trimmed {
            text: &text[start..end + first_lines(&text[end..], context)],
            context: &text[start..before],
            compared: &text[before..end],
            lines_before,
        }
    })
}

/// The line breaks of a text.
pub fn count_lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// Bytes compared at once, which takes a fraction of comparing them one by one.
const CHUNK: usize = 256;

/// Bytes that are equal at the beginning.
pub fn common_prefix(old: &[u8], new: &[u8]) -> usize {
    let chunks = old.chunks_exact(CHUNK).zip(new.chunks_exact(CHUNK));
    let start = CHUNK * chunks.take_while(|(old, new)| old == new).count();
    let rest = old[start..].iter().zip(&new[start..]);
    start + rest.take_while(|(old, new)| old == new).count()
}

/// Bytes that are equal at the end.
pub fn common_suffix(old: &[u8], new: &[u8]) -> usize {
    let chunks = old.rchunks_exact(CHUNK).zip(new.rchunks_exact(CHUNK));
    let end = CHUNK * chunks.take_while(|(old, new)| old == new).count();
    let [old, new] = [old, new].map(|text| &text[..text.len() - end]);
    let rest = old.iter().rev().zip(new.iter().rev());
    end + rest.take_while(|(old, new)| old == new).count()
}

/// Bytes of the equal lines at the beginning.
fn equal_before(old: &[u8], new: &[u8]) -> usize {
    let equal = &old[..common_prefix(old, new)];
    let end = equal.iter().rposition(|byte| *byte == b'\n');
    end.map_or(0, |end| end + 1)
}

/// Bytes of the equal lines at the end.
fn equal_after(old: &[u8], new: &[u8]) -> usize {
    let equal = common_suffix(old, new);
    let begins_line = |text: &[u8]| match text.len() - equal {
        0 => true,
        start => text[start - 1] == b'\n',
    };
    if begins_line(old) && begins_line(new) {
        return equal;
    }
    let end = old[old.len() - equal..]
        .iter()
        .position(|byte| *byte == b'\n');
    end.map_or(0, |end| equal - end - 1)
}

/// Where the last lines of a text begin, which ends with a line break.
fn last_lines(text: &str, lines: usize) -> usize {
    let mut ends = text.rmatch_indices('\n').skip(lines);
    ends.next().map_or(0, |(end, _)| end + 1)
}

/// Where the first lines of a text end.
fn first_lines(text: &str, lines: usize) -> usize {
    let mut ends = text.match_indices('\n').skip(lines - 1);
    ends.next().map_or(text.len(), |(end, _)| end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_at_both_ends_are_left_out() {
        for (old, new, expected) in [
            ("a\nb\nc\n", "a\nx\nc\n", ["b\n", "x\n"]),
            ("a\nb\n", "a\nb\nb\n", ["", "b\n"]),
            ("b\n", "a\nb\n", ["", "a\n"]),
            ("b\n", "ab\n", ["b\n", "ab\n"]),
            ("ab\nc", "xb\nc", ["ab\n", "xb\n"]),
            ("a\nb", "a\nb\n", ["b", "b\n"]),
            ("", "a", ["", "a"]),
            ("é", "è", ["é", "è"]),
            ("x\né\ny", "x\nñ\ny", ["é\n", "ñ\n"]),
        ] {
            let compared = trim(old, new, 1).map(|trimmed| trimmed.compared);
            assert_eq!(compared, expected, "{old:?} {new:?}");
        }
    }

    #[test]
    fn equal_bytes_are_counted_across_chunks() {
        for (equal, more) in [(0, 1), (255, 1), (256, 1), (257, 0), (1000, 300)] {
            let text = |other: &str| "x".repeat(equal) + other;
            let longer = "y".repeat(more);
            let (old, new) = (text("a"), text("") + &longer);
            assert_eq!(common_prefix(old.as_bytes(), new.as_bytes()), equal);
            let reversed = |text: &str| text.chars().rev().collect::<String>();
            let (old, new) = (reversed(&old), reversed(&new));
            assert_eq!(common_suffix(old.as_bytes(), new.as_bytes()), equal);
        }
    }

    #[test]
    fn some_lines_around_are_kept_and_those_before_counted() {
        let [old, new] = trim("1\n2\n3\nold\n4\n5\n6", "1\n2\n3\nnew\n4\n5\n6", 2);
        assert_eq!(
            (old.text, new.text),
            ("2\n3\nold\n4\n5\n", "2\n3\nnew\n4\n5\n")
        );
        assert_eq!((old.context, old.lines_before), ("2\n3\n", 1));
        let [old, _] = trim("1\nold\n2", "1\nnew\n2", 2);
        assert_eq!((old.text, old.lines_before), ("1\nold\n2", 0));
    }
}
