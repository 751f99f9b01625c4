//! Names that somebody else chose, as they may be printed.

/// `text` with control characters, and those that change the direction of text, as escapes: a
/// terminal would obey them.
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_control() => printable.extend(c.escape_default()),
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                printable.extend(c.escape_unicode());
            }
            c => printable.push(c),
        }
    }
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_no_name() {
        assert_eq!(
            printable("a\u{1b}[2J\u{7}\n\u{9b}\u{202e}b"),
            r"a\u{1b}[2J\u{7}\n\u{9b}\u{202e}b"
        );
        assert_eq!(
            printable("ideas/ghi chú \"1\".md"),
            "ideas/ghi chú \"1\".md"
        );
    }
}
