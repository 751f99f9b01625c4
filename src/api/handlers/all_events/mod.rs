//! `GET /v1/events`

mod missed;
mod position;

use http::{Request, Response};

use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::waiting::event_stream::{self, LENGTH, position};
use crate::api::waiting::hold::{Hold, channels};
use crate::domain::Rev;
use crate::domain::key::Projects;
use crate::store::{OVERLAP_US, Store};
use missed::Missed;
use position::Position;

/// Projects with which a stream may begin. It ends after them when there are more, and the client
/// comes back for the rest.
const MOST_PROJECTS: usize = 1000;
/// A stream that begins with no more events than this is not counted.
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
    let start = position.parse::<Position>()?;
    let missed =
        |store: &Store| Missed::since(store, projects, start.since(store, now)?, MOST_PROJECTS);
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

/// Where a stream of all projects begins with the changes after a moment.
pub fn position_at(now_us: Rev) -> String {
    Position::Exact(now_us).to_string()
}

/// Whether a stream of all projects that continues from there begins with few events.
pub fn begins_with_few(app: &App, position: &str) -> Result<bool, Error> {
    let Ok(position) = position.parse::<Position>() else {
        return Ok(false);
    };
    app.database.with(|store| {
        let since = position.since(store, now_us())?;
        let missed = Missed::since(store, &Projects::All, since, FEW)?;
        let events = missed.changes.len() + missed.deleted.len();
        Ok(missed.until.is_none() && events <= FEW)
    })
}
