//! `GET /v1/projects/:id/changes`

use http::{Request, Response};

use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::etag;
use crate::api::request::{limit, parameter};
use crate::api::response::{Idle, ok_json};
use crate::api::routes::Route;
use crate::api::waiting::hold::{self, Hold};
use crate::domain::{Cursor, ProjectId};
use crate::store::{Entries, PAGE_BYTES, Page, PageQuery, Store};
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
    let query = PageQuery {
        since: since.map_or(0, |since| since.rev),
        limit: limit(head),
        max_bytes: with_content.then_some(PAGE_BYTES),
        entries: Entries::All,
    };
    let (mut response, is_newest) = app.database.with(|store| {
        if let Some(known) = not_modified(store, head, id, since)? {
            return Ok(known);
        }
        let page = match store.page(id, &query)? {
            Some(page) => page,
            None if since.is_some() => return Err(Error::ResyncRequired),
            None => return Ok((respond(None, Cursor::BEGINNING), true)),
        };
        let from = page.resume(since)?;
        let state = page.project.cursor().to_string();
        let response = etag::respond_by_state(head, &state, || {
            let cursor = end(&page).or(since);
            let cursor = cursor.unwrap_or_else(|| page.project.cursor());
            Ok(respond(Some(&page), cursor))
        })?;
        Ok((response, page.project.head <= Some(from)))
    })?;
    if let Some(time) = hold::wait(head).filter(|_| is_newest) {
        Hold::for_project(id, caller, time).write(response.headers_mut());
    }
    note_cursor(app, caller, id, since);
    Ok(response)
}

/// The answer 304, and whether nothing is newer than the cursor of the client.
type NotModified = (Response<Vec<u8>>, bool);

/// Answers 304 when the client has this page.
fn not_modified(
    store: &Store,
    head: &Request<()>,
    id: &ProjectId,
    since: Option<Cursor>,
) -> Result<Option<NotModified>, Error> {
    let mut is_newest = false;
    let known = etag::not_modified_by_state(head, || {
        let Some(project) = store.project(id)? else {
            return Ok(None);
        };
        is_newest = project.head <= Some(store.resume(&project, since)?);
        Ok(Some(project.cursor().to_string()))
    })?;
    Ok(known.map(|response| (response, is_newest)))
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

/// Whether this request continues with the feed from a cursor. Unless the cursor is refused it is not counted,
/// as the pages of a pull.
pub fn continues_feed(head: &Request<()>, route: &Route) -> bool {
    let is_feed = matches!(route, Route::Changes(_));
    is_feed && !matches!(&*since(head), "" | "0")
}

fn since(head: &Request<()>) -> String {
    parameter(head, "since").unwrap_or_default()
}

/// The position at the end of a page, unless it is empty.
fn end(page: &Page) -> Option<Cursor> {
    page.changes.last().map(|last| Cursor {
        epoch: page.project.epoch,
        rev: last.version.rev,
        tag: last.tag,
    })
}

fn respond(page: Option<&Page>, cursor: Cursor) -> Response<Vec<u8>> {
    let mut response = ok_json(write(page, cursor));
    if page.is_none_or(|page| page.changes.is_empty()) {
        response.extensions_mut().insert(Idle);
    }
    response
}

fn write(page: Option<&Page>, cursor: Cursor) -> Vec<u8> {
    let mut writer = PageWriter::new("changes", page.map_or(0, Page::content_bytes));
    for change in page.iter().flat_map(|page| &page.changes) {
        writer.push(&FeedChange::from(&change.version), change.bytes.as_deref());
    }
    writer.finish(page.is_some_and(|page| page.has_more), &cursor.to_string())
}
