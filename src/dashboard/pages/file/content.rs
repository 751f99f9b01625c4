//! What is shown of the content of a version.

use crate::api::Error;
use crate::dashboard::markdown::{self, MAX_SOURCE_BYTES, Rendered};
use crate::domain::FilePath;
use crate::store::{Store, StoredVersion};

/// Bytes of HTML of a text as it is.
const MAX_RAW_BYTES: usize = 100 << 10;

/// What is shown of the content of a version.
pub(super) struct Content {
    pub(super) shown: Shown,
    /// Whether the file can be rendered, and is shown as it is.
    pub(super) is_raw: bool,
    /// Whether the file can be rendered.
    pub(super) can_render: bool,
    /// Whether only the beginning is shown.
    pub(super) is_cut: bool,
}

/// The content, or why there is none.
pub(super) enum Shown {
    /// Elements of a page, whole and escaped.
    Html(String),
    /// Text.
    Text(String),
    Empty,
    Binary,
    Deletion,
    /// It is no longer kept.
    Pruned,
}

impl Content {
    pub(super) fn new(
        store: &Store,
        path: &FilePath,
        stored: &StoredVersion,
        is_raw: bool,
    ) -> Result<Self, Error> {
        let size = stored.version.size;
        match stored.content {
            _ if stored.version.is_deletion() => Ok(Self::without(Shown::Deletion)),
            None => Ok(Self::without(Shown::Pruned)),
            Some(_) if size == 0 => Ok(Self::without(Shown::Empty)),
            Some(content) => {
                let bytes = store.content_start(content, MAX_SOURCE_BYTES)?;
                let is_cut = size > bytes.len() as u64;
                Ok(Self::of(bytes, is_cut, is_markdown(path), is_raw))
            }
        }
    }

    fn without(shown: Shown) -> Self {
        Self {
            shown,
            is_raw: false,
            can_render: false,
            is_cut: false,
        }
    }

    /// The beginning of a file: rendered if it is a note that can be, unless it is to be shown as it is.
    fn of(bytes: Vec<u8>, is_cut: bool, is_note: bool, is_raw: bool) -> Self {
        let Some(text) = text(bytes, is_cut) else {
            return Self::without(Shown::Binary);
        };
        let note = if is_note { render(&text) } else { None };
        let can_render = note.is_some();
        let (shown, is_cut) = match note.filter(|_| !is_raw) {
            Some(note) => (Shown::Html(note.html), is_cut || note.is_cut),
            None => {
                let raw = beginning(&text);
                let is_cut = is_cut || raw.len() < text.len();
                (Shown::Text(raw.to_owned()), is_cut)
            }
        };
        Self {
            is_raw: matches!(shown, Shown::Text(_)),
            can_render,
            shown,
            is_cut,
        }
    }

    /// Whether there is something to download.
    pub(super) fn is_kept(&self) -> bool {
        !matches!(self.shown, Shown::Deletion | Shown::Pruned)
    }
}

fn is_markdown(path: &FilePath) -> bool {
    let name = path.as_str().to_ascii_lowercase();
    name.ends_with(".md") || name.ends_with(".markdown")
}

/// Without the mark that some programs write before a text: with it the first heading is none.
fn render(text: &str) -> Option<Rendered> {
    markdown::render(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The text of a file; the last character of a part may not be whole.
fn text(mut bytes: Vec<u8>, is_cut: bool) -> Option<String> {
    if let Err(error) = str::from_utf8(&bytes)
        && is_cut
        && error.error_len().is_none()
    {
        bytes.truncate(error.valid_up_to());
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains('\0')).then_some(text)
}

/// As much of a text as a page has room for.
fn beginning(text: &str) -> &str {
    let mut bytes = 0;
    let end = text.char_indices().find(|(_, c)| {
        bytes += match c {
            '<' | '>' | '&' | '"' | '\'' => 5,
            c => c.len_utf8(),
        };
        bytes > MAX_RAW_BYTES
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], is_cut: bool, rendered: bool) -> (String, bool) {
        let content = Content::of(bytes.to_vec(), is_cut, rendered, false);
        let text = match content.shown {
            Shown::Html(html) => html,
            Shown::Text(text) => text,
            _ => "nothing".to_owned(),
        };
        (text, content.is_cut)
    }

    #[test]
    fn a_note_that_cannot_be_rendered_offers_it_nowhere() {
        let deep = "- ".repeat(1000);
        for (note, can_render) in [("# a", true), (&deep, false)] {
            for is_raw in [false, true] {
                let content = Content::of(note.as_bytes().to_vec(), false, true, is_raw);
                assert_eq!(content.can_render, can_render, "{note} {is_raw}");
            }
        }
        assert!(!Content::of(b"# a".to_vec(), false, false, false).can_render);
    }

    #[test]
    fn a_heading_is_one_behind_a_byte_order_mark() {
        let (html, _) = shown("\u{feff}# a".as_bytes(), false, true);
        assert!(html.starts_with("<h2"), "{html}");
    }

    #[test]
    fn a_text_is_shown_as_it_is_or_rendered() {
        assert_eq!(shown(b"*a*", false, false), ("*a*".to_owned(), false));
        assert_eq!(
            shown(b"*a*", false, true),
            ("<p><em>a</em></p>\n".to_owned(), false)
        );
        let deep = "- ".repeat(1000);
        assert_eq!(shown(deep.as_bytes(), false, true), (deep.clone(), false));
    }

    #[test]
    fn what_is_no_text_is_not_shown() {
        for binary in [&b"\xff"[..], b"a\0b", b"a\xe2\x82"] {
            assert_eq!(shown(binary, false, false).0, "nothing");
        }
        // The end of a part may be in the middle of a character.
        assert_eq!(shown(b"a\xe2\x82", true, false), ("a".to_owned(), true));
        assert_eq!(shown(b"\xffa\xe2\x82", true, false).0, "nothing");
    }

    #[test]
    fn a_page_has_room_for_a_part() {
        let (text, is_cut) = shown("<".repeat(MAX_SOURCE_BYTES).as_bytes(), false, false);
        assert!(is_cut && text.len() == MAX_RAW_BYTES / 5);
    }
}
