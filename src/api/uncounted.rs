//! Requests that the rate limit does not count, because a device that does nothing wrong makes many of
//! them and each costs little.

use http::Request;

use super::app::App;
use super::error::Error;
use super::handlers::{begins_with_few, continues_pull};
use super::request::parameter;
use super::routes::Route;
use super::waiting::again::is_again;
use super::waiting::event_stream::position;
use super::waiting::hold;
use crate::domain::{Cursor, ProjectId};

/// Whether this request, whose key is right, is not counted: one that the host asks again, a look at
/// the key itself, a page that continues a pull, and a wait or a stream that continues from a cursor, unless
/// the stream of all projects begins with many events.
pub(super) fn is_uncounted(app: &App, head: &Request<()>, route: &Route) -> Result<bool, Error> {
    match route {
        _ if is_again(head) => Ok(true),
        Route::OwnKey => Ok(true),
        Route::Files(id) => continues_pull(app, head, id),
        Route::Changes(id) if hold::wait(head).is_some() => {
            let since = parameter(head, "since").unwrap_or_default();
            is_of_history(app, id, &since)
        }
        Route::Events(id) => match position(head) {
            Some(position) => is_of_history(app, id, &position),
            None => Ok(false),
        },
        Route::AllEvents => match position(head) {
            Some(position) => begins_with_few(app, &position),
            None => Ok(false),
        },
        _ => Ok(false),
    }
}

/// Whether the text is a cursor that the history of the project proves.
fn is_of_history(app: &App, id: &ProjectId, since: &str) -> Result<bool, Error> {
    let Ok(Some(cursor)) = Cursor::parse(since) else {
        return Ok(false);
    };
    app.database.with(|store| {
        let project = store.project(id)?;
        Ok(project.is_some_and(|project| store.resume(&project, Some(cursor)).is_ok()))
    })
}
