//! What two versions of a file differ in: by lines, and in changed lines by words.
//!
//! It takes about the same time for any two files: what would take longer, or be too much to read, is left
//! out, and the result says so.

mod line;
mod trim;
mod words;

use std::ops::Range;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline, group_diff_ops};

pub use line::{Ending, Line, LineKind, Part};
use trim::{count_lines, trim};
use words::{Marks, marks};

/// Bytes between the first and the last difference, of each version. More are not compared.
const MAX_COMPARED_BYTES: usize = 1 << 20;
/// How long lines and words are compared. What is not compared then counts as changed.
const MAX_TIME: Duration = Duration::from_millis(40);
/// Equal lines around a change.
const CONTEXT: usize = 3;
/// Removed or added lines of a place that are shown.
const MAX_LINES: usize = 300;
/// Bytes of HTML that the lines take up, about.
const MAX_SHOWN_BYTES: usize = 100 << 10;

/// What two versions differ in.
#[derive(Debug, PartialEq, Eq)]
pub enum Difference<'t> {
    /// Nothing.
    None,
    /// At least one is no text.
    Binary,
    /// There is too much between the first difference and the last one.
    TooLarge {
        /// The line of the first difference, from 1 on.
        line: usize,
    },
    /// They differ at these places.
    Text(TextDifference<'t>),
}

/// The places at which two texts differ.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TextDifference<'t> {
    /// The lines of each place, with some equal ones around them.
    pub places: Vec<Vec<Line<'t>>>,
    /// Lines that only the older text has.
    pub removed: usize,
    /// Lines that only the newer text has.
    pub added: usize,
    /// Whether some places are left out.
    pub is_cut: bool,
    shown_bytes: usize,
}

/// Compares an older version with a newer one.
pub fn difference<'t>(old: &'t [u8], new: &'t [u8]) -> Difference<'t> {
    match (text(old), text(new)) {
        _ if old == new => Difference::None,
        (Some(old), Some(new)) => compare(old, new),
        _ => Difference::Binary,
    }
}

/// The text of a file, if it is one.
pub fn text(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    (!text.contains('\0')).then_some(text)
}

fn compare<'t>(old: &'t str, new: &'t str) -> Difference<'t> {
    let [old, new] = trim(old, new, CONTEXT);
    let line = old.lines_before + 1;
    if old.compared.len().max(new.compared.len()) > MAX_COMPARED_BYTES {
        return Difference::TooLarge {
            line: line + count_lines(old.context),
        };
    }
    let [old, new] = [old.text, new.text].map(|text| text.split_inclusive('\n').collect());
    let texts = Texts {
        old,
        new,
        line,
        deadline: Instant::now() + MAX_TIME,
    };
    Difference::Text(texts.compare())
}

/// Two texts to compare.
struct Texts<'t> {
    old: Vec<&'t str>,
    new: Vec<&'t str>,
    /// The number of their first line.
    line: usize,
    deadline: Instant,
}

impl<'t> Texts<'t> {
    fn compare(&self) -> TextDifference<'t> {
        let deadline = Some(self.deadline);
        let ops = capture_diff_slices_deadline(Algorithm::Myers, &self.old, &self.new, deadline);
        let changed = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
        let mut found = TextDifference::default();
        for op in changed {
            found.removed += op.old_range().len();
            found.added += op.new_range().len();
        }
        for place in group_diff_ops(ops, CONTEXT) {
            if found.shown_bytes > MAX_SHOWN_BYTES {
                found.is_cut = true;
                break;
            }
            found.places.push(Vec::new());
            place.iter().for_each(|op| self.show(op, &mut found));
        }
        found
    }

    fn show(&self, op: &DiffOp, found: &mut TextDifference<'t>) {
        let (old, new) = (op.old_range(), op.new_range());
        if let DiffOp::Equal { .. } = op {
            for (old, new) in old.zip(new) {
                let line = Line::new(LineKind::Equal, self.old[old], &[]);
                found.show(self.numbered(line, Some(old), Some(new)));
            }
            return;
        }
        let [in_old, in_new] = self.marks(op);
        found.is_cut |= old.len().max(new.len()) > MAX_LINES;
        for (line, old) in with_marks(LineKind::Removed, &self.old, old, &in_old) {
            found.show(self.numbered(line, Some(old), None));
        }
        for (line, new) in with_marks(LineKind::Added, &self.new, new, &in_new) {
            found.show(self.numbered(line, None, Some(new)));
        }
    }

    /// The words that changed, where lines took the place of others.
    fn marks(&self, op: &DiffOp) -> [Marks; 2] {
        let [old, new] = [&self.old[op.old_range()], &self.new[op.new_range()]].map(<[_]>::concat);
        marks(&old, &new, self.deadline)
    }

    fn numbered(&self, line: Line<'t>, old: Option<usize>, new: Option<usize>) -> Line<'t> {
        Line {
            old: old.map(|at| self.line + at),
            new: new.map(|at| self.line + at),
            ..line
        }
    }
}

impl<'t> TextDifference<'t> {
    /// Adds a line to the last place, if there is room for it.
    fn show(&mut self, line: Line<'t>) {
        self.shown_bytes += line.html_bytes();
        match self.places.last_mut() {
            Some(place) if self.shown_bytes <= MAX_SHOWN_BYTES => place.push(line),
            _ => self.is_cut = true,
        }
    }
}

/// Some lines with their numbers, and the marks in the text of all of these.
fn with_marks<'t>(
    kind: LineKind,
    lines: &[&'t str],
    some: Range<usize>,
    marks: &[Range<usize>],
) -> Vec<(Line<'t>, usize)> {
    let (mut shown, mut start) = (Vec::new(), 0);
    for at in some.take(MAX_LINES) {
        let end = start + lines[at].len();
        let first = marks.partition_point(|mark| mark.end <= start);
        let inside = marks[first..].iter().take_while(|mark| mark.start < end);
        let inside = inside.map(|mark| mark.start.max(start) - start..mark.end.min(end) - start);
        shown.push((Line::new(kind, lines[at], &inside.collect::<Vec<_>>()), at));
        start = end;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared<'t>(old: &'t str, new: &'t str) -> TextDifference<'t> {
        match difference(old.as_bytes(), new.as_bytes()) {
            Difference::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    /// The lines as a patch has them, with brackets around what is marked.
    fn patch(old: &str, new: &str) -> Vec<String> {
        let sign = |line: &Line| match line.kind {
            LineKind::Equal => format!("{}={} ", line.old.unwrap(), line.new.unwrap()),
            LineKind::Removed => format!("{}- ", line.old.unwrap()),
            LineKind::Added => format!("{}+ ", line.new.unwrap()),
        };
        let text = |part: &Part| {
            if part.is_marked {
                format!("[{}]", part.text)
            } else {
                part.text.to_owned()
            }
        };
        let line = |line: &Line| sign(line) + &line.parts.iter().map(text).collect::<String>();
        let text = compared(old, new);
        text.places.iter().flatten().map(line).collect()
    }

    #[test]
    fn changed_lines_are_shown_with_their_words() {
        let lines = |middle: &str| format!("1\n2\n3\n4\n{middle}5\n6\n7\n8\n9\n");
        let (old, new) = (
            lines("an old line\nremoved\n"),
            lines("a new line\n") + "end\n",
        );
        assert_eq!(
            patch(&old, &new),
            [
                "2=2 2",
                "3=3 3",
                "4=4 4",
                "5- [an] [old] line",
                "6- [removed]",
                "5+ [a] [new] line",
                "7=6 5",
                "8=7 6",
                "9=8 7",
                "10=9 8",
                "11=10 9",
                "11+ end",
            ]
        );
        let text = compared(&old, &new);
        assert_eq!((text.removed, text.added, text.is_cut), (2, 2, false));
    }

    #[test]
    fn places_far_from_each_other_are_apart() {
        let lines = |first: &str, last: &str| format!("{first}\n{}{last}\n", "same\n".repeat(50));
        let (old, new) = (lines("a", "b"), lines("c", "d"));
        let text = compared(&old, &new);
        let sizes: Vec<_> = text.places.iter().map(Vec::len).collect();
        assert_eq!(sizes, [5, 5]);
        assert_eq!(text.places[1][4].new, Some(52));
    }

    #[test]
    fn a_change_of_line_breaks_is_seen() {
        let text = compared("a\nb", "a\r\nb\n");
        let endings: Vec<_> = text.places[0]
            .iter()
            .map(|line| (line.kind, line.ending))
            .collect();
        assert_eq!(
            endings,
            [
                (LineKind::Removed, Ending::LineFeed),
                (LineKind::Removed, Ending::EndOfText),
                (LineKind::Added, Ending::CarriageReturn),
                (LineKind::Added, Ending::LineFeed),
            ]
        );
    }

    #[test]
    fn what_is_no_text_is_not_compared() {
        assert_eq!(difference(b"a\0", b"a\0"), Difference::None);
        assert_eq!(difference(b"a\0", b"b"), Difference::Binary);
        assert_eq!(difference(b"a", b"\xff"), Difference::Binary);
        assert_eq!(compared("", "a").added, 1);
    }

    /// A text of different lines.
    fn many_lines(bytes: usize, salt: usize) -> String {
        let mut text = String::new();
        let mut number = salt;
        while text.len() < bytes {
            number = number
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            text += &format!("{:x}\n", number >> 40);
        }
        text
    }

    #[test]
    fn what_is_shown_of_two_large_files_is_bounded() {
        let other = many_lines(1_000_000, 7);
        let large = many_lines(10 << 20, 1);
        let end = large.len() - 100;
        let edited = format!("{}edited\n{}", &large[..end], &large[end..]);
        let both_ends = format!("x\n{large}y\n");
        let line = "word ".repeat(200_000);
        let edited_line = format!("{}other {}", &line[..500_000], &line[500_000..]);
        let breaks = "\n".repeat(1_000_000);
        let chars = "<".repeat(1_000_000);
        for (old, new) in [
            (&large, &edited),
            (&large, &both_ends),
            (&other, &many_lines(1_000_000, 3)),
            (&line, &edited_line),
            (&line, &chars),
            (&breaks, &chars),
            (&breaks, &other),
            (&other, &String::new()),
        ] {
            let found = difference(old.as_bytes(), new.as_bytes());
            if let Difference::Text(text) = found {
                let bytes = text.places.iter().flatten().map(Line::html_bytes);
                assert!(bytes.sum::<usize>() <= MAX_SHOWN_BYTES);
            }
        }
        let found = difference(large.as_bytes(), both_ends.as_bytes());
        assert_eq!(found, Difference::TooLarge { line: 1 });
        let text = compared(&line, &edited_line);
        assert_eq!(text.places[0][1].parts[1].text, "other ");
    }
}
