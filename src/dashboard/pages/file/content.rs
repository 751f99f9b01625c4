//! What is shown of the content of a version.

use crate::api::Error;
use crate::dashboard::markdown::{self, MAX_SOURCE_BYTES};
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
        let can_render = is_markdown(path);
        let (shown, is_cut) = match stored.content {
            _ if stored.version.is_deletion() => (Shown::Deletion, false),
            None => (Shown::Pruned, false),
            Some(_) if size == 0 => (Shown::Empty, false),
            Some(content) => {
                let bytes = store.content_start(content, MAX_SOURCE_BYTES)?;
                let is_cut = size > bytes.len() as u64;
                show(bytes, is_cut, can_render && !is_raw)
            }
        };
        Ok(Self {
            is_raw: matches!(shown, Shown::Text(_)),
            can_render: can_render && matches!(shown, Shown::Text(_) | Shown::Html(_)),
            shown,
            is_cut,
        })
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

/// Shows the beginning of a file, and says whether something is left out.
fn show(bytes: Vec<u8>, is_cut: bool, rendered: bool) -> (Shown, bool) {
    let Some(text) = text(bytes, is_cut) else {
        return (Shown::Binary, false);
    };
    match markdown::render(&text).filter(|_| rendered) {
        Some(note) => (Shown::Html(note.html), is_cut || note.is_cut),
        None => {
            let raw = beginning(&text);
            let is_cut = is_cut || raw.len() < text.len();
            (Shown::Text(raw.to_owned()), is_cut)
        }
    }
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
        let (shown, is_cut) = show(bytes.to_vec(), is_cut, rendered);
        let text = match shown {
            Shown::Html(html) => html,
            Shown::Text(text) => text,
            _ => "nothing".to_owned(),
        };
        (text, is_cut)
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
