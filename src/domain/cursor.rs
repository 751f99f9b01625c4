//! How far a client has read the history of a project, with a proof that it is this history.

use std::fmt;

use super::version::Rev;

/// A position in the change feed, opaque to clients.
///
/// `epoch` is random per project, made anew when a deleted project is made again; `tag` is a
/// running hash over all changes up to `rev`. After a restored backup one of the three differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The epoch of the project.
    pub epoch: i64,
    /// The newest change that the client has.
    pub rev: Rev,
    /// The running hash at that change.
    pub tag: i64,
}

/// A text that no server wrote as a cursor.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is malformed")]
pub struct MalformedCursor;

/// How the beginning of every history is written.
const BEGINNING: &str = "0";

impl Cursor {
    /// The position before the first change of any project.
    pub const BEGINNING: Self = Self {
        epoch: 0,
        rev: 0,
        tag: 0,
    };

    /// Reads a cursor back; `None` stands for the beginning, written as nothing or `0`.
    pub fn parse(text: &str) -> Result<Option<Self>, MalformedCursor> {
        match text {
            "" | BEGINNING => Ok(None),
            text => parse(text).map(Some).ok_or(MalformedCursor),
        }
    }
}

fn parse(text: &str) -> Option<Cursor> {
    let mut parts = text.split('-');
    let (epoch, rev, tag) = (parts.next()?, parts.next()?, parts.next()?);
    let cursor = Cursor {
        epoch: hex(epoch)?,
        rev: rev.parse().ok()?,
        tag: hex(tag)?,
    };
    // Only what this server writes itself is a cursor.
    (parts.next().is_none() && cursor.to_string() == text).then_some(cursor)
}

fn hex(text: &str) -> Option<i64> {
    u64::from_str_radix(text, 16).ok().map(u64::cast_signed)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rev {
            0 => f.write_str(BEGINNING),
            rev => write!(f, "{:x}-{rev}-{:x}", self.epoch, self.tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        for (epoch, tag) in [(1, 2), (-1, i64::MIN), (i64::MAX, -5)] {
            let cursor = Cursor {
                epoch,
                rev: 1_760_000_000_123_456,
                tag,
            };
            assert_eq!(Cursor::parse(&cursor.to_string()).unwrap(), Some(cursor));
        }
        assert_eq!(Cursor::parse("").unwrap(), None);
        assert_eq!(
            Cursor {
                epoch: 5,
                rev: 0,
                tag: 0
            }
            .to_string(),
            BEGINNING
        );
        assert_eq!(Cursor::parse(BEGINNING).unwrap(), None);
    }

    #[test]
    fn anything_else_is_no_cursor() {
        for text in [
            "1",
            "-",
            "--",
            "a-1-",
            "a-0-b",
            "a-1-b-c",
            "x-1-b",
            "a--1-b",
            "a-1-b ",
            "A-1-B",
            "0a-1-b",
            "1760000000123.5",
        ] {
            assert!(
                matches!(Cursor::parse(text), Err(MalformedCursor)),
                "{text}"
            );
        }
    }
}
