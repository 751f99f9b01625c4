//! Where a stream of all projects continues.

use std::str::FromStr;

use crate::api::error::Error;
use crate::domain::{Cursor, Rev};
use crate::store::OVERLAP_US;

/// Where a stream of all projects continues.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// After this rev.
    Exact(Rev),
    /// Somewhat before an event that the client has: others may have been stored later.
    Event(Rev),
}

impl Position {
    /// A clock that was ahead, and was set back, has given out ids of the future: then nothing is
    /// known of what came after.
    pub fn since(&self, now_us: Rev) -> Rev {
        match *self {
            Self::Exact(rev) => rev,
            Self::Event(rev) if rev > now_us => 0,
            Self::Event(rev) => rev - OVERLAP_US,
        }
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(rev) = text.strip_prefix('@') {
            return rev.parse().map(Self::Exact).map_err(|_| Error::BadCursor);
        }
        let cursor = Cursor::parse(text)?;
        Ok(cursor.map_or(Self::Exact(0), |cursor| Self::Event(cursor.rev)))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(rev) | Self::Event(rev) => write!(f, "@{rev}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_goes_back_from_an_event_and_not_from_an_exact_position() {
        let since = |text: &str| text.parse::<Position>().unwrap().since(1_000_000_000);
        assert_eq!(since("0"), 0);
        assert_eq!(since(""), 0);
        assert_eq!(since("@999"), 999);
        assert_eq!(since("1-500000000-2"), 380_000_000);
        assert_eq!(since("1-1000000001-2"), 0);
        assert_eq!(since(&Position::Exact(7).to_string()), 7);
        for malformed in ["@", "@x", "x", "1-2"] {
            assert!(malformed.parse::<Position>().is_err(), "{malformed}");
        }
    }
}
