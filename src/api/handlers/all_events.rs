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
    let latest = |store: &Store| {
        let changes = store.latest_changes(projects, since, MOST_PROJECTS + 1)?;
        let deleted = deleted_since(store, projects, since, MOST_PROJECTS)?;
        Ok::<_, Error>((changes, deleted))
    };
    let (mut changes, deleted) = app.database.with(latest)?;
    let deletions = deleted
        .iter()
        .map(|id| event::change(id, Cursor::BEGINNING, None));
    let has_more = changes.len() > MOST_PROJECTS;
    changes.truncate(MOST_PROJECTS);
    let mut events: String = changes.iter().map(describe).chain(deletions).collect();
    match changes.last() {
        Some(last) if has_more => {
            let next = Position::Exact(last.cursor.rev - 1);
            events += &format!("id: {next}\n\n");
            Ok(event_stream::end_after(events))
        }
        last => {
            let last = last.map_or(position, |last| last.cursor.to_string());
            open(events, last)
        }
    }
}

/// At most `limit` projects that were deleted since; none for a client that knows of no project yet.
fn deleted_since(
    store: &Store,
    projects: &Projects,
    since: Rev,
    limit: usize,
) -> Result<Vec<String>, Error> {
    match since {
        ..=0 => Ok(Vec::new()),
        _ => Ok(store.latest_deletions(projects, since, limit)?),
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
        let changes = store.latest_changes(&Projects::All, since, FEW + 1)?;
        let deleted = deleted_since(store, &Projects::All, since, FEW + 1)?;
        Ok(changes.len() + deleted.len() <= FEW)
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
