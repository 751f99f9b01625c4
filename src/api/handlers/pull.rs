//! `GET /v1/projects/:id/files`

use http::{Request, Response};

use super::device_pull::{PagePlan, Reached};
use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::error::Error;
use crate::api::etag;
use crate::api::moment::moment;
use crate::api::request::{limit, parameter};
use crate::api::response::ok_json;
use crate::domain::{Cursor, ProjectId, Rev};
use crate::store::{PAGE_BYTES, Page, PageQuery, Project};
use crate::wire::numbers::parse_since;
use crate::wire::page::{PageWriter, PulledFile};

/// Answers a page of the live files that changed after `since`, in the order of `synced_at`. With the key of
/// a device, `since` only tells how its last pull ended ([`pull_marks`](crate::domain::pull_marks)).
///
/// 200, 413 for a file that is larger than an answer can be, or 304 when the client has this page: an unknown project has no files, and odd numbers
/// are read as the original reads them.
pub fn files(
    app: &App,
    head: &Request<()>,
    caller: &Caller,
    id: &ProjectId,
) -> Result<Response<Vec<u8>>, Error> {
    // The device asks next for what was pushed after this moment, by its own clock.
    let now_us = moment(app)?;
    let plan = PagePlan::new(caller.device_key(), since(head), now_us);
    let query = PageQuery {
        since: plan.from,
        limit: limit(head),
        max_bytes: Some(PAGE_BYTES),
        entries: plan.entries,
    };
    let state = |project: &Project| format!("{}{}", project.cursor(), plan.state());
    let mut reached = None;
    let response = app.database.with(|store| {
        let look = || Ok(store.project(id)?.as_ref().map(state));
        if let Some(known) = etag::not_modified_by_state(head, look)? {
            return Ok(known);
        }
        let Some(page) = store.page(id, &query)? else {
            let page = PageWriter::new("files", 0);
            return Ok(ok_json(page.finish(false, &Cursor::BEGINNING.to_string())));
        };
        etag::respond_by_state(head, &state(&page.project), || {
            reached = Some(Reached::of(&page, plan.from));
            Ok(ok_json(write(&page)))
        })
    })?;
    plan.record(app, head, response.status(), reached);
    Ok(response)
}

fn write(page: &Page) -> Vec<u8> {
    let mut writer = PageWriter::new("files", page.content_bytes());
    for change in &page.changes {
        let file = PulledFile::from(&change.version);
        writer.push(&file, change.bytes.as_deref());
    }
    writer.finish(page.has_more, &page.project.cursor().to_string())
}

/// Whether this request continues with a pull: its `since` is the `synced_at` of a stored version.
/// Such a page is not counted, or a first pull of 10,000 files would run into the limit.
pub fn continues_pull(app: &App, head: &Request<()>, id: &ProjectId) -> Result<bool, Error> {
    match since(head) {
        // No rev is a whole millisecond, so this is a client's clock: no need to look.
        clock if clock % 1000 == 0 => Ok(false),
        since => Ok(app.database.with(|store| store.has_rev(id, since))?),
    }
}

fn since(head: &Request<()>) -> Rev {
    parse_since(&parameter(head, "since").unwrap_or_default())
}
