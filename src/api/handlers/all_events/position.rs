//! Where a stream of all projects continues.

use std::str::FromStr;

use crate::api::error::Error;
use crate::domain::{Cursor, Rev};
use crate::store::{self, OVERLAP_US, Store};

/// Where a stream of all projects continues.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// After this rev.
    Exact(Rev),
    /// Somewhat before an event that the client has: others may have been stored later.
    Event(Cursor),
}

/// The revs after which events are asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Since {
    pub(super) changes: Rev,
    /// None for a client that knows of no project yet.
    pub(super) deletions: Option<Rev>,
}

impl Position {
    /// Nothing is known of what changed after an event of the future, from a clock that was ahead, or after one whose project
    /// has ended or begun again, as all do when a backup is restored: then the client is told of all projects.
    pub fn since(&self, store: &Store, now_us: Rev) -> Result<Since, store::Error> {
        let since = |changes, deletions| Since { changes, deletions };
        Ok(match *self {
            Self::Exact(rev) => since(rev, Some(rev).filter(|rev| *rev > 0)),
            Self::Event(cursor) if cursor.rev > now_us => since(0, Some(0)),
            Self::Event(cursor) => {
                let after = cursor.rev - OVERLAP_US;
                let is_known = store.has_epoch(cursor.epoch)?;
                since(if is_known { after } else { 0 }, Some(after))
            }
        })
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(rev) = text.strip_prefix('@') {
            return rev.parse().map(Self::Exact).map_err(|_| Error::BadCursor);
        }
        let cursor = Cursor::parse(text)?;
        Ok(cursor.map_or(Self::Exact(0), Self::Event))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(rev) => write!(f, "@{rev}"),
            Self::Event(cursor) => cursor.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::test_support::{TestFile, id};

    #[test]
    fn a_stream_goes_back_from_an_event_and_not_from_an_exact_position() {
        let file = TestFile::new();
        let store = file.store();
        store.push_at(500_000_001, &[("a", Some("x"))]);
        let event = store.project(&id()).unwrap().unwrap().cursor();
        let since = |text: &str, now_us| {
            let position = text.parse::<Position>().unwrap();
            let since = position.since(&store, now_us).unwrap();
            (since.changes, since.deletions)
        };
        let (event, now_us) = (event.to_string(), 1_000_000_000);
        assert_eq!(since("0", now_us), (0, None));
        assert_eq!(since("", now_us), (0, None));
        assert_eq!(since("@999", now_us), (999, Some(999)));
        let after = 380_000_001;
        assert_eq!(since(&event, now_us), (after, Some(after)));
        assert_eq!(since(&event, 500_000_000), (0, Some(0)));
        let exact = Position::Exact(7).to_string();
        assert_eq!(since(&exact, now_us), (7, Some(7)));
        store.renew_epochs().unwrap();
        assert_eq!(since(&event, now_us), (0, Some(after)));
        for malformed in ["@", "@x", "x", "1-2"] {
            assert!(malformed.parse::<Position>().is_err(), "{malformed}");
        }
    }
}
