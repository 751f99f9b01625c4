//! `GET /v1/projects/:id/events`

use http::{Request, Response};

use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::error::Error;
use crate::api::waiting::again::is_again;
use crate::api::waiting::event_stream::{self, LENGTH, position};
use crate::api::waiting::hold::{Hold, project_channel};
use crate::domain::{Cursor, ProjectId};
use crate::store::{Project, Store};
use crate::wire::event;

/// Answers a stream with an event for each change of the project. With the id of an earlier event, or
/// a cursor in `since`, it begins with one when the client is behind.
///
/// 400 for a malformed cursor, 410 for one of another history.
pub fn events(
    app: &App,
    head: &Request<()>,
    caller: &Caller,
    id: &ProjectId,
) -> Result<Response<Vec<u8>>, Error> {
    let since = position(head)
        .map(|text| Cursor::parse(&text))
        .transpose()?;
    let is_enough = |project: &Project| since.is_none_or(|since| since == Some(project.cursor()));
    app.database.read_project(id, is_enough, |store, project| {
        let cursor = project.as_ref().map_or(Cursor::BEGINNING, Project::cursor);
        let event = match (project, since) {
            (_, None) | (None, Some(None)) => String::new(),
            (Some(project), Some(since)) => event_after(store, id, &project, since)?,
            // It was deleted while the stream was open.
            (None, Some(_)) if is_again(head) => event::change(id.as_str(), cursor, None),
            (None, Some(_)) => return Err(Error::ResyncRequired),
        };
        let channel = vec![project_channel(id)];
        let hold = Hold::stream(channel, caller, LENGTH, cursor.to_string());
        Ok(event_stream::open(head, event, &hold))
    })
}

/// The event for a client that is behind, or nothing.
fn event_after(
    store: &Store,
    id: &ProjectId,
    project: &Project,
    since: Option<Cursor>,
) -> Result<String, Error> {
    let from = store.resume(project, since)?;
    if project.head <= Some(from) {
        return Ok(String::new());
    }
    let device = store.latest_device(project)?;
    Ok(event::change(
        id.as_str(),
        project.cursor(),
        device.as_deref(),
    ))
}
