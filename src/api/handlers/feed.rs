//! `GET /v1/projects/:id/changes`

use http::{Request, Response};

use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::etag;
use crate::api::hold::{self, Hold};
use crate::api::request::{limit, parameter};
use crate::api::response::{Idle, ok_json};
use crate::api::routes::Route;
use crate::domain::{Cursor, ProjectId};
use crate::store::{Entries, PAGE_BYTES, Page, Project};
use crate::wire::page::{FeedChange, PageWriter};

/// Answers a page of the change feed: the latest change of each path after the cursor `since`,
/// oldest first, deletions included; with `content=1` the content too.
///
/// When there is none, a request with `wait` is held until there is.
///
/// 400 for a malformed cursor, 410 for one of another history, 304 when nothing changed.
pub fn changes(
    app: &App,
    head: &Request<()>,
    caller: &Caller,
    id: &ProjectId,
) -> Result<Response<Vec<u8>>, Error> {
    let since = Cursor::parse(&since(head))?;
    let with_content = parameter(head, "content").is_some_and(|content| content == "1");
    let is_idle = |project: &Project| since == Some(project.cursor());
    let (mut response, is_newest) = app.database.read_project(id, is_idle, |store, project| {
        let project = match project {
            Some(project) => project,
            None if since.is_some() => return Err(Error::ResyncRequired),
            None => return Ok((respond(&Page::default(), &[], Cursor::BEGINNING), true)),
        };
        let from = store.resume(&project, since)?;
        let response = etag::unless_known(head, &project.cursor().to_string(), || {
            let max_bytes = if with_content { PAGE_BYTES } else { u64::MAX };
            let page = store.page(&project, from, limit(head), max_bytes, Entries::All)?;
            let contents = match with_content {
                true => store.contents(&page.changes)?,
                false => Vec::new(),
            };
            let cursor = end(&project, &page).or(since);
            let cursor = cursor.unwrap_or_else(|| project.cursor());
            Ok(respond(&page, &contents, cursor))
        })?;
        Ok((response, project.head <= Some(from)))
    })?;
    if let Some(time) = hold::wait(head).filter(|_| is_newest) {
        Hold::for_project(id, caller, time).write(response.headers_mut());
    }
    note_cursor(app, caller, id, since);
    Ok(response)
}

/// Once in ten minutes, so that the owner sees how far behind a device is.
fn note_cursor(app: &App, caller: &Caller, id: &ProjectId, since: Option<Cursor>) {
    let now_us = now_us();
    let key = caller.device_key();
    if let Some(key) = key.filter(|key| key.position.cursor_is_due(now_us)) {
        let (key, id) = (key.number, id.clone());
        let cursor = since.unwrap_or(Cursor::BEGINNING).to_string();
        app.later
            .add(move |store| store.note_cursor(key, &id, &cursor, now_us));
    }
}

/// Whether this request goes on with the feed from a cursor. Unless the cursor is refused it is not counted,
/// as the pages of a pull.
pub fn continues_feed(head: &Request<()>, route: &Route) -> bool {
    let is_feed = matches!(route, Route::Changes(_));
    is_feed && !matches!(&*since(head), "" | "0")
}

fn since(head: &Request<()>) -> String {
    parameter(head, "since").unwrap_or_default()
}

/// The position at the end of a page, unless it is empty.
fn end(project: &Project, page: &Page) -> Option<Cursor> {
    page.changes.last().map(|last| Cursor {
        epoch: project.epoch,
        rev: last.version.rev,
        tag: last.tag,
    })
}

fn respond(page: &Page, contents: &[Vec<u8>], cursor: Cursor) -> Response<Vec<u8>> {
    let mut response = ok_json(write(page, contents, cursor));
    if page.changes.is_empty() {
        response.extensions_mut().insert(Idle);
    }
    response
}

fn write(page: &Page, contents: &[Vec<u8>], cursor: Cursor) -> Vec<u8> {
    let mut writer = PageWriter::new("changes", contents.iter().map(Vec::len).sum());
    let mut contents = contents.iter();
    for change in &page.changes {
        let version = &change.version;
        let content = version.checksum.and_then(|_| contents.next());
        writer.push(&FeedChange::from(version), content.map(Vec::as_slice));
    }
    writer.finish(page.has_more, &cursor.to_string())
}
