//! A line of a difference, with what is shown of it.

use std::ops::Range;

use crate::dashboard::format::{MAX_CODE_BYTES, is_hidden};

/// Bytes of a part that changed which are shown.
const MAX_CHANGED_BYTES: usize = 4_000;
/// Bytes of a part that did not change which are shown.
const MAX_EQUAL_BYTES: usize = 400;

/// A line of one or of both texts.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'t> {
    /// The texts that have it.
    pub kind: LineKind,
    /// Its number in the older text, from 1 on; none when that does not have it.
    pub old: Option<usize>,
    /// Its number in the newer text, from 1 on; none when that does not have it.
    pub new: Option<usize>,
    /// Its text, without the line break.
    pub parts: Vec<Part<'t>>,
    /// How it ends.
    pub ending: Ending,
}

/// Which of two texts have a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Both have it.
    Equal,
    /// Only the older one has it.
    Removed,
    /// Only the newer one has it.
    Added,
}

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// A line feed.
    LineFeed,
    /// A carriage return and a line feed.
    CarriageReturn,
    /// The text ends with the line.
    EndOfText,
}

/// A part of a line.
#[derive(Debug, PartialEq, Eq)]
pub struct Part<'t> {
    /// Its text, or the beginning of a long one.
    pub text: &'t str,
    /// Bytes in the middle of a long text that are left out.
    pub left_out: usize,
    /// The end of a long text.
    pub end: &'t str,
    /// Whether words of the line are marked, and these are among them.
    pub is_marked: bool,
}

impl<'t> Line<'t> {
    /// A line, with its line break. The marks are places in it.
    pub fn new(kind: LineKind, line: &'t str, marks: &[Range<usize>]) -> Self {
        let (text, ending) = split_ending(line);
        let most = match kind {
            LineKind::Removed | LineKind::Added if marks.is_empty() => MAX_CHANGED_BYTES,
            LineKind::Removed | LineKind::Added | LineKind::Equal => MAX_EQUAL_BYTES,
        };
        let (mut parts, mut at) = (Vec::new(), 0);
        for mark in marks {
            let (start, end) = (mark.start.min(text.len()), mark.end.min(text.len()));
            parts.push(Part::new(&text[at..start], false, most));
            parts.push(Part::new(&text[start..end], true, MAX_CHANGED_BYTES));
            at = end;
        }
        parts.push(Part::new(&text[at..], false, most));
        parts.retain(|part| !part.text.is_empty());
        Self {
            kind,
            old: None,
            new: None,
            parts,
            ending,
        }
    }

    /// Bytes of HTML that it takes up, about.
    pub fn html_bytes(&self) -> usize {
        let bytes = |part: &Part| 20 + escaped_bytes(part.text) + escaped_bytes(part.end);
        100 + self.parts.iter().map(bytes).sum::<usize>()
    }
}

impl<'t> Part<'t> {
    /// A text, or its beginning and its end when it has more than `most` bytes.
    fn new(text: &'t str, is_marked: bool, most: usize) -> Self {
        let (start, end) = if text.len() <= most {
            (text.len(), text.len())
        } else {
            (
                text.floor_char_boundary(most / 2),
                text.ceil_char_boundary(text.len() - most / 2),
            )
        };
        Self {
            text: &text[..start],
            left_out: end - start,
            end: &text[end..],
            is_marked,
        }
    }
}

fn split_ending(line: &str) -> (&str, Ending) {
    match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
        (Some(text), _) => (text, Ending::CarriageReturn),
        (None, Some(text)) => (text, Ending::LineFeed),
        (None, None) => (line, Ending::EndOfText),
    }
}

/// Bytes of HTML that a text takes up at the most.
fn escaped_bytes(text: &str) -> usize {
    let bytes = |character: char| match character {
        '<' | '>' | '&' | '"' | '\'' => 6,
        hidden if is_hidden(hidden) => MAX_CODE_BYTES,
        other => other.len_utf8(),
    };
    text.chars().map(bytes).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str, is_marked: bool) -> Part<'_> {
        Part::new(text, is_marked, usize::MAX)
    }

    #[test]
    fn a_line_has_its_marks_and_its_ending() {
        let line = Line::new(LineKind::Added, "a bc d\r\n", &[2..4, 6..8]);
        assert_eq!(line.ending, Ending::CarriageReturn);
        assert_eq!(
            line.parts,
            [part("a ", false), part("bc", true), part(" d", false)]
        );
        let line = Line::new(LineKind::Equal, "", &[]);
        assert_eq!((line.parts, line.ending), (vec![], Ending::EndOfText));
    }

    #[test]
    fn a_long_part_is_shown_with_its_ends() {
        let long = "é".repeat(10_000);
        let line = Line::new(LineKind::Removed, &long, &[]);
        let [part] = &line.parts[..] else { panic!() };
        assert_eq!(
            (part.text.len(), part.left_out, part.end.len()),
            (2_000, 16_000, 2_000)
        );
        let line = Line::new(LineKind::Removed, &long, std::slice::from_ref(&(0..2)));
        assert_eq!(line.parts[1].text.len(), MAX_EQUAL_BYTES / 2);
        assert!(line.html_bytes() < 1_000);
    }
}
