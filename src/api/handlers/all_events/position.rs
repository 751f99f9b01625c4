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

impl Position {
    /// The rev after which events are asked for.
    ///
    /// Nothing is known of what came after an event of the future, from a clock that was ahead, or of one whose project has
    /// ended or begun again, as all do when a backup is restored: then all are.
    pub fn since(&self, store: &Store, now_us: Rev) -> Result<Rev, store::Error> {
        Ok(match *self {
            Self::Exact(rev) => rev,
            Self::Event(cursor) if cursor.rev > now_us || !store.has_epoch(cursor.epoch)? => 0,
            Self::Event(cursor) => cursor.rev - OVERLAP_US,
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
            position.since(&store, now_us).unwrap()
        };
        let now_us = 1_000_000_000;
        assert_eq!(since("0", now_us), 0);
        assert_eq!(since("", now_us), 0);
        assert_eq!(since("@999", now_us), 999);
        assert_eq!(since(&event.to_string(), now_us), 380_000_001);
        assert_eq!(since(&event.to_string(), 500_000_000), 0);
        assert_eq!(since(&Position::Exact(7).to_string(), now_us), 7);
        store.renew_epochs().unwrap();
        assert_eq!(since(&event.to_string(), now_us), 0);
        for malformed in ["@", "@x", "x", "1-2"] {
            assert!(malformed.parse::<Position>().is_err(), "{malformed}");
        }
    }
}
