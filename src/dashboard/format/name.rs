//! Text that others chose: names of projects, files, keys and devices.

use std::fmt::{self, Display, Write};

use askama::filters::HtmlSafe;

/// Characters of a text that a page shows; a path has up to 1024.
const MAX_CHARS: usize = 1024;

/// Text of others as HTML. It is isolated, so that its direction changes nothing around it, and what
/// would not be seen is written as its number.
pub struct Name(String);

impl Name {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

/// What [`Display`] writes is HTML.
impl HtmlSafe for Name {}

impl Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<bdi>")?;
        for character in self.0.chars().take(MAX_CHARS) {
            match character {
                // A line may be broken behind a folder.
                '/' => f.write_str("/<wbr>")?,
                other => seen(f, other)?,
            }
        }
        if self.0.chars().nth(MAX_CHARS).is_some() {
            f.write_str("…")?;
        }
        f.write_str("</bdi>")
    }
}

/// A part of a line of a file as HTML, in which what would not be seen is written as its number too.
pub struct Code(String);

/// Bytes of HTML that a character takes up at the most.
pub const MAX_CODE_BYTES: usize = "<i>U+E0000</i>".len();

impl Code {
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// What [`Display`] writes is HTML.
impl HtmlSafe for Code {}

impl Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '\t' => f.write_char(character),
            other => seen(f, other),
        })
    }
}

/// Writes a character as HTML, so that it is seen.
fn seen(f: &mut fmt::Formatter<'_>, character: char) -> fmt::Result {
    match character {
        '&' => f.write_str("&amp;"),
        '<' => f.write_str("&lt;"),
        '>' => f.write_str("&gt;"),
        '"' => f.write_str("&quot;"),
        '\'' => f.write_str("&#39;"),
        hidden if is_hidden(hidden) => write!(f, "<i>{}</i>", number(hidden)),
        other => f.write_char(other),
    }
}

/// Text of others for attributes and titles, which are escaped where they are written. Without what
/// would not be seen, and isolated.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars().take(MAX_CHARS) {
        if is_hidden(character) {
            plain.push_str(&number(character));
        } else {
            plain.push(character);
        }
    }
    plain
}

/// As Unicode writes it.
fn number(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// Whether a character is not seen, or changes how those around it are seen. What joins letters and
/// emoji is left.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
            | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_html_and_nothing_in_it_is_hidden() {
        for (text, html) in [
            ("ghi chú", "ghi chú"),
            (
                "<script>alert('x')</script>",
                "&lt;script&gt;alert(&#39;x&#39;)&lt;/<wbr>script&gt;",
            ),
            ("a\"b&c", "a&quot;b&amp;c"),
            ("a\u{202e}b", "a<i>U+202E</i>b"),
            ("a\nb", "a<i>U+000A</i>b"),
            ("x\u{200d}y", "x\u{200d}y"),
        ] {
            assert_eq!(Name::new(text).to_string(), format!("<bdi>{html}</bdi>"));
        }
        assert_eq!(plain("a\u{2066}\0b"), "aU+2066U+0000b");
    }

    #[test]
    fn a_long_text_is_cut() {
        let long = "x".repeat(5000);
        assert_eq!(plain(&long).len(), MAX_CHARS);
        let html = Name::new(long).to_string();
        assert!(html.ends_with("x…</bdi>") && html.len() < MAX_CHARS + 20);
    }
}
