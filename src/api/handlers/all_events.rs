//! `GET /v1/events`

use std::str::FromStr;

use http::{Request, Response};

use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::event_stream::{self, LENGTH, position};
use crate::api::hold::{Hold, channels};
use crate::domain::key::Projects;
use crate::domain::{Cursor, Rev};
use crate::store::{LatestChange, OVERLAP_US, Store};
use crate::wire::event;

/// Projects with which a stream may begin. It ends after them when there are more, and the client
/// comes back for the rest.
const MOST_PROJECTS: usize = 1000;
/// Events of which a stream may begin with as many as often as its client likes.
const FEW: usize = 20;

/// Answers a stream with an event for each change of any project that the key opens. With the id of an earlier event it
/// begins with those that have changed since; some of them may be known already.
///
/// 400 for a malformed id.
pub fn all_events(
    app: &App,
    head: &Request<()>,
    caller: &Caller,
) -> Result<Response<Vec<u8>>, Error> {
    let now = now_us();
    let projects = &caller.grant().ok_or(Error::Unauthenticated)?.projects;
    let open = |events: String, last: String| {
        let hold = Hold::stream(channels(projects), caller, LENGTH, last);
        Ok(event_stream::open(head, events, &hold))
    };
    let Some(position) = position(head) else {
        let from_now_on = Position::Exact(now - OVERLAP_US).to_string();
        return open(String::new(), from_now_on);
    };
    let since = position.parse::<Position>()?.since(now);
    let missed = |store: &Store| Missed::since(store, projects, since, MOST_PROJECTS);
    let missed = app.database.with(missed)?;
    let mut events = missed.events();
    match missed.until {
        Some(until) => {
            let next = Position::Exact(until - 1);
            events += &format!("id: {next}\n\n");
            Ok(event_stream::end_after(events))
        }
        None => {
            let last = missed.changes.last();
            let last = last.map_or(position, |last| last.cursor.to_string());
            open(events, last)
        }
    }
}

/// What a client has missed, in the order of time.
struct Missed {
    changes: Vec<LatestChange>,
    /// Deleted projects.
    deleted: Vec<(String, Rev)>,
    /// Where it goes on when there is more.
    until: Option<Rev>,
}

impl Missed {
    /// What has happened since, at most `limit` of each kind.
    fn since(store: &Store, projects: &Projects, since: Rev, limit: usize) -> Result<Self, Error> {
        let mut changes = store.latest_changes(projects, since, limit + 1)?;
        let mut deleted = match since {
            // A client that knows of no project yet.
            ..=0 => Vec::new(),
            _ => store.latest_deletions(projects, since, limit + 1)?,
        };
        let next_change = changes.get(limit).map(|change| change.cursor.rev);
        let next_deletion = deleted.get(limit).map(|(_, at)| *at);
        let until = next_change.into_iter().chain(next_deletion).min();
        if let Some(until) = until {
            changes.retain(|change| change.cursor.rev < until);
            deleted.retain(|(_, at)| *at < until);
        }
        Ok(Self {
            changes,
            deleted,
            until,
        })
    }

    fn events(&self) -> String {
        let deletion = |(id, _): &(String, Rev)| event::change(id, Cursor::BEGINNING, None);
        let deletions = self.deleted.iter().map(deletion);
        self.changes.iter().map(describe).chain(deletions).collect()
    }
}

fn describe(change: &LatestChange) -> String {
    event::change(&change.project, change.cursor, change.device.as_deref())
}

/// Where a stream of all projects begins with the changes after a moment.
pub fn position_at(now_us: Rev) -> String {
    Position::Exact(now_us).to_string()
}

/// Whether a stream of all projects that goes on from there begins with few events.
pub fn begins_with_few(app: &App, position: &str) -> Result<bool, Error> {
    let Ok(position) = position.parse::<Position>() else {
        return Ok(false);
    };
    let since = position.since(now_us());
    app.database.with(|store| {
        let missed = Missed::since(store, &Projects::All, since, FEW)?;
        let events = missed.changes.len() + missed.deleted.len();
        Ok(missed.until.is_none() && events <= FEW)
    })
}

/// Where a stream of all projects goes on.
#[derive(Debug, PartialEq, Eq)]
enum Position {
    /// After this rev.
    Exact(Rev),
    /// Somewhat before an event that the client has: others may have been stored later.
    Event(Rev),
}

impl Position {
    /// A clock that was ahead, and was set back, has given out ids of the future: then nothing is
    /// known of what came after.
    fn since(&self, now_us: Rev) -> Rev {
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
