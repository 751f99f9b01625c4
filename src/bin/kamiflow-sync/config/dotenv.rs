//! The format of `.env`: `NAME=value` lines as a shell reads them, except that a dollar is always a
//! dollar, since a key that contains one must not turn into another key.
//!
//! The crate dotenvy (0.15) cannot be told to leave the dollar alone: it reads `A=s3cret$Key` as
//! `s3cret`. It also loses a line after a comment with an apostrophe, and repeats a line that it cannot
//! read, with the key in it, in its error.

use std::str::Chars;

const BLANKS: [char; 3] = [' ', '\t', '\r'];

/// The pairs in order. An error is the number of the line that is not `NAME=value`.
pub fn parse(text: &str) -> Result<Vec<(String, String)>, usize> {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let (mut pairs, mut rest) = (Vec::new(), skip_comments(text));
    while !rest.is_empty() {
        let line = || 1 + text[..text.len() - rest.len()].matches('\n').count();
        let (pair, after) = pair(rest).ok_or_else(line)?;
        pairs.push(pair);
        rest = skip_comments(after);
    }
    Ok(pairs)
}

fn skip_comments(text: &str) -> &str {
    let mut text = text.trim_start();
    while let Some(comment) = text.strip_prefix('#') {
        let after = comment.split_once('\n').map_or("", |(_, after)| after);
        text = after.trim_start();
    }
    text
}

/// A pair, and what follows its line.
fn pair(text: &str) -> Option<((String, String), &str)> {
    let text = match text.strip_prefix("export") {
        Some(after) if after.starts_with(BLANKS) => after.trim_start_matches(BLANKS),
        _ => text,
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let (name, rest) = text.split_at(text.find(|c| !is_name(c))?);
    let value = rest.trim_start_matches(BLANKS).strip_prefix('=')?;
    let trimmed = value.trim_start_matches(BLANKS);
    let (word, rest) = if trimmed.len() < value.len() && trimmed.starts_with('#') {
        (String::new(), trimmed)
    } else {
        word(trimmed)?
    };
    let after = end_of_line(rest)?;
    (!name.is_empty()).then(|| ((name.to_owned(), word), after))
}

/// Quoted and unquoted parts up to the next blank, and what follows them.
fn word(text: &str) -> Option<(String, &str)> {
    let (mut word, mut chars) = (String::new(), text.chars());
    loop {
        let rest = chars.as_str();
        match chars.next() {
            None | Some(' ' | '\t' | '\r' | '\n') => return Some((word, rest)),
            Some('\'') => {
                let (quoted, after) = chars.as_str().split_once('\'')?;
                word.push_str(quoted);
                chars = after.chars();
            }
            Some('"') => double_quoted(&mut chars, &mut word)?,
            Some('\\') => word.push(escaped(chars.next()?)?),
            Some(other) => word.push(other),
        }
    }
}

fn double_quoted(chars: &mut Chars, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '"' => return Some(()),
            '\\' => word.push(escaped(chars.next()?)?),
            other => word.push(other),
        }
    }
}

/// Any other is refused: programs disagree about it.
fn escaped(character: char) -> Option<char> {
    match character {
        'n' => Some('\n'),
        '\\' | '\'' | '"' | '$' | ' ' => Some(character),
        _ => None,
    }
}

/// What follows the line, if nothing but a comment is left of it.
fn end_of_line(rest: &str) -> Option<&str> {
    let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
    let line = line.trim();
    (line.is_empty() || line.starts_with('#')).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_a_shell_reads_it() {
        for (line, value) in [
            ("A=x", "x"),
            ("A=", ""),
            ("A = x ", "x"),
            ("export A=x", "x"),
            ("A='x y'", "x y"),
            ("A=\"x y\"", "x y"),
            ("A=x'$y'", "x$y"),
            ("A=x\"y\"'z'", "xyz"),
            ("A=$x${y}\\$z", "$x${y}$z"),
            ("A=\"$x\"", "$x"),
            ("A='a\\'", "a\\"),
            ("A=\"a\\\"b\"", "a\"b"),
            ("A=x # comment", "x"),
            ("A=x  # don't", "x"),
            ("A='x' # \"", "x"),
            ("A= # comment", ""),
            ("A=x#y", "x#y"),
            ("A=#x", "#x"),
            ("A='x # y'", "x # y"),
            ("A=x\r", "x"),
            ("\u{feff}A=x", "x"),
            ("# don't\n\n  A=x", "x"),
            ("A='two\nlines'", "two\nlines"),
        ] {
            for end in ["", "\n"] {
                let pairs = parse(&format!("{line}{end}"));
                let expected = vec![("A".to_owned(), value.to_owned())];
                assert_eq!(pairs, Ok(expected), "{line:?}");
            }
        }
    }

    #[test]
    fn a_comment_with_an_apostrophe_hides_no_line() {
        let pairs = parse("A=1  # don't\r\nB-C=2\r\n# it's\nD=3").unwrap();
        let names: Vec<&str> = pairs.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["A", "B-C", "D"]);
    }

    #[test]
    fn the_line_that_is_no_pair_is_counted() {
        for (text, line) in [
            ("A", 1),
            ("=x", 1),
            ("A=x y", 1),
            ("# c\n\nA=1\nB\n", 4),
            ("A='1\n2'\nB='x", 3),
            ("A=C:\\data", 1),
        ] {
            assert_eq!(parse(text), Err(line), "{text:?}");
        }
    }
}
