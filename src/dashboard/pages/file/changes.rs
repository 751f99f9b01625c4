//! What two versions of a file differ in.

use crate::api::Error;
use crate::dashboard::difference::{Difference, Ending, LineKind, Part, difference};
use crate::dashboard::format::{Code, Size, Time, count};
use crate::store::{Store, StoredVersion};

/// Bytes of a version that is compared: both are in memory.
const MAX_BYTES: u64 = 16 << 20;

/// What two versions differ in.
pub(super) struct Changes {
    pub(super) old: Time,
    pub(super) new: Time,
    /// What is to be said in place of the lines, or about them.
    pub(super) note: Option<String>,
    /// How many lines were added and removed.
    pub(super) counts: Option<(String, String)>,
    pub(super) places: Vec<Vec<Line>>,
}

/// A line of one or of both versions.
pub(super) struct Line {
    pub(super) kind: &'static str,
    pub(super) sign: &'static str,
    /// What the sign says, for those who do not see it.
    pub(super) spoken: &'static str,
    pub(super) old: Option<usize>,
    pub(super) new: Option<usize>,
    pub(super) parts: Vec<Words>,
    pub(super) ending: Option<&'static str>,
}

/// Words of a line.
pub(super) struct Words {
    pub(super) text: Code,
    /// How many bytes are left out after it.
    pub(super) left_out: Option<Size>,
    pub(super) end: Code,
    pub(super) is_marked: bool,
}

impl Changes {
    pub(super) fn new(
        store: &Store,
        old: &StoredVersion,
        new: &StoredVersion,
    ) -> Result<Self, Error> {
        let mut changes = Self {
            old: Time(old.version.rev),
            new: Time(new.version.rev),
            note: None,
            counts: None,
            places: Vec::new(),
        };
        if old.version.size.max(new.version.size) > MAX_BYTES {
            changes.note = Some(too_large());
            return Ok(changes);
        }
        let contents = (content(store, old)?, content(store, new)?);
        let (Some(old), Some(new)) = contents else {
            let note =
                "The content of one of the two is no longer kept, so they cannot be compared.";
            changes.note = Some(note.to_owned());
            return Ok(changes);
        };
        changes.compare(&old, &new);
        Ok(changes)
    }

    fn compare(&mut self, old: &[u8], new: &[u8]) {
        match difference(old, new) {
            Difference::None => self.note = Some("Both have the same content.".to_owned()),
            Difference::Binary => {
                let note = "They differ, and are no text that could be compared here. Download both to compare them.";
                self.note = Some(note.to_owned());
            }
            Difference::TooLarge { line } => {
                self.note = Some(format!("They differ from line {line} on. {}", too_large()));
            }
            Difference::Text(text) => {
                let note =
                    "Only a part of the changes is shown. Download both versions for all of them.";
                self.note = text.is_cut.then(|| note.to_owned());
                self.counts = Some((
                    count(text.added as u64, "line"),
                    count(text.removed as u64, "line"),
                ));
                let place = |lines: Vec<_>| lines.into_iter().map(line).collect();
                self.places = text.places.into_iter().map(place).collect();
            }
        }
    }
}

fn too_large() -> String {
    "There is too much to compare here: download both versions.".to_owned()
}

/// The content of a version; a deletion has nothing.
fn content(store: &Store, stored: &StoredVersion) -> Result<Option<Vec<u8>>, Error> {
    match stored.content {
        _ if stored.version.is_deletion() => Ok(Some(Vec::new())),
        Some(content) => Ok(Some(store.content(content)?)),
        None => Ok(None),
    }
}

fn line(line: crate::dashboard::difference::Line<'_>) -> Line {
    let (kind, sign, spoken) = match line.kind {
        LineKind::Equal => ("equal", " ", ""),
        LineKind::Removed => ("removed", "\u{2212}", "Removed: "),
        LineKind::Added => ("added", "+", "Added: "),
    };
    Line {
        kind,
        sign,
        spoken,
        old: line.old,
        new: line.new,
        parts: line.parts.iter().map(words).collect(),
        ending: match line.ending {
            _ if line.kind == LineKind::Equal => None,
            Ending::LineFeed => None,
            Ending::CarriageReturn => Some("Windows line break"),
            Ending::EndOfText => Some("no line break at the end"),
        },
    }
}

fn words(part: &Part<'_>) -> Words {
    Words {
        text: Code::new(part.text),
        left_out: (part.left_out > 0).then_some(Size(part.left_out as u64)),
        end: Code::new(part.end),
        is_marked: part.is_marked,
    }
}
