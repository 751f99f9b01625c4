//! A source file without what is not code: comments, strings and `#[cfg(test)]` items are blanked
//! out, so that every line keeps its number.

/// The parts of a source file.
#[derive(Debug, Default)]
pub struct Source {
    /// The code alone.
    pub code: String,
    /// Every string literal with the line on which it starts, those of tests too.
    pub strings: Vec<(usize, String)>,
}

impl Source {
    /// Splits a file into code and strings.
    pub fn read(text: &str) -> Self {
        let (mut source, mut rest) = (Self::default(), text);
        while let Some(next) = rest.chars().next() {
            let skipped = if let Some(literal) = string(rest) {
                let line = 1 + source.code.matches('\n').count();
                source.strings.push((line, rest[..literal].to_owned()));
                literal
            } else {
                comment(rest).or_else(|| char_literal(rest)).unwrap_or(0)
            };
            if skipped == 0 {
                source.code.push(next);
            }
            source.code += &blank(&rest[..skipped]);
            rest = &rest[skipped.max(next.len_utf8())..];
        }
        source.code = without_tests(source.code);
        source
    }
}

fn blank(text: &str) -> String {
    let lines = text.chars().map(|c| if c == '\n' { '\n' } else { ' ' });
    lines.collect()
}

/// The length of the comment that the text starts with.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    let (mut depth, mut end) = (0, 0);
    while let Some(mark) = text.get(end..end + 2) {
        match mark {
            "/*" => depth += 1,
            "*/" => depth -= 1,
            _ if depth == 0 => return None,
            _ => {
                end += text[end..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
        }
        end += 2;
        if depth == 0 {
            return Some(end);
        }
    }
    None
}

/// The length of the string literal that the text starts with, raw and byte strings included.
fn string(text: &str) -> Option<usize> {
    let prefix = text.find(|c| !matches!(c, 'b' | 'c' | 'r'))?;
    let hashes = text[prefix..].find(|c| c != '#')?;
    let (start, raw) = (prefix + hashes + 1, text[..prefix].contains('r'));
    if prefix > 2 || !text[prefix + hashes..].starts_with('"') || (hashes > 0 && !raw) {
        return None;
    }
    if raw {
        let close = format!("\"{}", "#".repeat(hashes));
        return Some(start + text[start..].find(&close)? + close.len());
    }
    let mut escaped = false;
    let close = text[start..].find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    Some(start + close? + 1)
}

/// The length of the character literal that the text starts with; a lifetime is none.
fn char_literal(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    if first == '\\' {
        return Some(3 + inner.get(2..)?.find('\'')? + 1);
    }
    let end = first.len_utf8();
    inner[end..].starts_with('\'').then_some(end + 2)
}

/// Blanks out every item that only a test build has.
fn without_tests(mut code: String) -> String {
    for mark in ["#[cfg(test)]", "#[cfg(all(test"] {
        while let Some(start) = code.find(mark) {
            let end = start + item(&code[start..]);
            let blank = blank(&code[start..end]);
            code.replace_range(start..end, &blank);
        }
    }
    code
}

/// The length of the item that the text starts with: up to its `;` or the end of its block.
fn item(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(c, ';' | '}') {
            return at + 1;
        }
    }
    text.len()
}

#[test]
fn only_code_is_left() {
    let text = r###"use a::b; // use c::d;
/* use e::f; /* nested */ */ let x = "use g::h; \" {"; let y = r#"say "use i::j;""#;
let quote = '"'; let escaped = '\''; fn life<'a>(x: &'a str) {} let byte = b'{';
#[cfg(test)]
mod tests { use k::l; fn f() { let s = "FROM t"; } }
use m::n;
"###;
    let source = Source::read(text);
    let uses: Vec<&str> = source.code.matches("use ").collect();
    assert_eq!(uses.len(), 2, "{}", source.code);
    assert!(source.code.contains("fn life<'a>"));
    assert_eq!(source.code.lines().nth(5), Some("use m::n;"));
    let lines: Vec<usize> = source.strings.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 2, 5]);
}

#[test]
fn a_test_import_with_braces_is_left_out() {
    let source = Source::read("#[cfg(test)]\nuse a::{b, c};\nuse d::e;");
    assert_eq!(
        source.code.trim().trim_start_matches(';').trim(),
        "use d::e;"
    );
}
