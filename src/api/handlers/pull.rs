//! `GET /v1/projects/:id/files`

use http::{Request, Response};

use super::device_pull::{PagePlan, Reached};
use crate::api::app::App;
use crate::api::caller::Caller;
use crate::api::clock::moment;
use crate::api::error::Error;
use crate::api::etag;
use crate::api::request::{limit, parameter};
use crate::api::response::ok_json;
use crate::domain::{Cursor, ProjectId, Rev};
use crate::store::{PAGE_BYTES, Project};
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
    let from = plan.from;
    let mut reached = None;
    let is_idle = |project: &Project| project.head <= Some(from);
    let response = app.database.read_project(id, is_idle, |store, project| {
        let Some(project) = project else {
            let page = PageWriter::new("files", 0);
            return Ok(ok_json(page.finish(false, &Cursor::BEGINNING.to_string())));
        };
        let cursor = project.cursor().to_string();
        etag::unless_known(head, &format!("{cursor}{}", plan.state()), || {
            let page = store.page(&project, from, limit(head), PAGE_BYTES, plan.entries)?;
            reached = Some(Reached::of(&project, &page, from));
            let contents = store.contents(&page.changes)?;
            let mut writer = PageWriter::new("files", contents.iter().map(Vec::len).sum());
            for (change, content) in page.changes.iter().zip(&contents) {
                writer.push(&PulledFile::from(&change.version), Some(content));
            }
            Ok(ok_json(writer.finish(page.has_more, &cursor)))
        })
    })?;
    plan.record(app, head, response.status(), reached);
    Ok(response)
}

/// Whether this request goes on with a pull: its `since` is the `synced_at` of a stored version.
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
