//! Notes as HTML, of which nothing loads or runs, whatever they contain.
//!
//! The tags are fixed words of `html.rs`, and everything else is escaped. HTML in a note is shown as text, an
//! image as its description, and a link leads to another site only, without telling it where it was.

mod html;
#[cfg(test)]
mod tests;

use pulldown_cmark::{Options, Parser};

use html::Html;

/// Bytes of a note that are rendered, at the most. A longer one takes too long.
pub const MAX_SOURCE_BYTES: usize = 128 << 10;
/// Quotes and lists that one line opens. What is inside so many takes the parser long.
const MAX_OPENED: usize = 64;

/// A note as HTML.
#[derive(Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Elements of a page, whole and escaped.
    pub html: String,
    /// Whether a part is left out.
    pub is_cut: bool,
}

/// Renders a note: `CommonMark` with tables, task lists and strikethrough. None when its lists and quotes are
/// inside each other so often that only its text can be shown.
pub fn render(note: &str) -> Option<Rendered> {
    let source = beginning(note);
    if source.lines().any(opens_too_many) {
        return None;
    }
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut html = Html::default();
    let mut events = Parser::new_ext(source, options);
    let is_whole = events.all(|event| html.add(event));
    Some(Rendered {
        html: html.finish(),
        is_cut: !is_whole || source.len() < note.len(),
    })
}

/// The part that is rendered: whole lines if it has any.
fn beginning(note: &str) -> &str {
    let fitting = &note[..note.floor_char_boundary(MAX_SOURCE_BYTES)];
    match fitting.rfind('\n') {
        Some(end) if fitting.len() < note.len() => &fitting[..end],
        _ => fitting,
    }
}

fn opens_too_many(line: &str) -> bool {
    let is_marker = |c: char| matches!(c, '>' | '-' | '+' | '*' | '.' | ')');
    let prefix = line
        .chars()
        .take_while(|c| is_marker(*c) || c.is_ascii_digit() || matches!(c, ' ' | '\t'));
    let mut last = ' ';
    let opened = prefix.filter(|c| {
        // A row of dashes without blanks is one line, not many lists.
        let opens = is_marker(*c) && (*c == '>' || !is_marker(last));
        last = *c;
        opens
    });
    opened.count() > MAX_OPENED
}
