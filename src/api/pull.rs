//! `GET /v1/projects/:id/files` and `GET /v1/projects/:id/changes`

use http::{Request, Response};

use super::{conditional, limit, ok_json, parameter};
use crate::cursor::Cursor;
use crate::error::Error;
use crate::project::{ProjectId, Rev};
use crate::route::Route;
use crate::store::{Change, PAGE_BYTES, Project, Scope, Store};
use crate::wire::page::{self, File, PageWriter};
use crate::wire::parse_since;

/// Answers a page of the live files that changed after `since`, in the order of `synced_at`.
///
/// 200, or 304 when the client has this page: an unknown project has no files, and odd numbers
/// are read as the original reads them.
pub fn files(id: &ProjectId, head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    let since = since(head);
    let is_idle = |project: &Project| project.head <= Some(since);
    Store::read_project(id, is_idle, |store, project| {
        let Some(project) = project else {
            return Ok(ok_json(
                PageWriter::new("files", 0).finish(false, &Cursor::BEGINNING.to_string()),
            ));
        };
        let cursor = project.cursor().to_string();
        conditional::unless_known(head, &cursor, || {
            let page = store.page(&project, since, limit(head), PAGE_BYTES, Scope::Live)?;
            let contents = store.contents(&page.changes)?;
            let mut writer = PageWriter::new("files", contents.iter().map(Vec::len).sum());
            for (change, content) in page.changes.iter().zip(&contents) {
                writer.push(&describe_file(change), Some(content));
            }
            Ok(ok_json(writer.finish(page.has_more, &cursor)))
        })
    })
}

/// Answers a page of the change feed: the latest change of each path after the cursor `since`,
/// oldest first, deletions included; with `content=1` the content too.
///
/// 400 for a malformed cursor, 410 for one of another history, 304 when nothing changed.
pub fn changes(id: &ProjectId, head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    let since = Cursor::parse(&parameter(head, "since").unwrap_or_default())?;
    let with_content = parameter(head, "content").is_some_and(|content| content == "1");
    let is_idle = |project: &Project| since == Some(project.cursor());
    Store::read_project(id, is_idle, |store, project| {
        let project = match project {
            Some(project) => project,
            None if since.is_some() => return Err(Error::ResyncRequired),
            None => {
                return Ok(ok_json(
                    PageWriter::new("changes", 0).finish(false, &Cursor::BEGINNING.to_string()),
                ));
            }
        };
        let from = store.resume(&project, since)?;
        conditional::unless_known(head, &project.cursor().to_string(), || {
            let max_bytes = if with_content { PAGE_BYTES } else { u64::MAX };
            let page = store.page(&project, from, limit(head), max_bytes, Scope::All)?;
            let contents = if with_content {
                store.contents(&page.changes)?
            } else {
                Vec::new()
            };
            let (mut writer, mut contents) = (
                PageWriter::new("changes", contents.iter().map(Vec::len).sum()),
                contents.iter(),
            );
            for change in &page.changes {
                let content = change.checksum.and_then(|_| contents.next());
                writer.push(&describe_change(change), content.map(Vec::as_slice));
            }
            let last = page.changes.last().map(|last| Cursor {
                epoch: project.epoch,
                rev: last.rev,
                tag: last.tag,
            });
            let cursor = last.or(since).unwrap_or_else(|| project.cursor());
            Ok(ok_json(writer.finish(page.has_more, &cursor.to_string())))
        })
    })
}

/// Whether this request goes on with a pull: its `since` is the `synced_at` of a stored version.
/// Such a page is not counted, or a first pull of 10,000 files would run into the limit.
pub fn continues(head: &Request<()>, route: &Route) -> Result<bool, Error> {
    let Route::Files(id) = route else {
        return Ok(false);
    };
    match since(head) {
        // No rev is a whole millisecond, so this is a client's clock: no need to look.
        clock if clock % 1000 == 0 => Ok(false),
        since => Store::with(|store| store.knows_rev(id, since)),
    }
}

fn since(head: &Request<()>) -> Rev {
    parse_since(&parameter(head, "since").unwrap_or_default())
}

fn describe_file(change: &Change) -> File {
    File {
        path: change.path.clone(),
        checksum: change
            .checksum
            .map(|checksum| checksum.to_string())
            .unwrap_or_default(),
        modified: change.modified,
        size: change.size,
        synced_at: change.rev,
    }
}

fn describe_change(change: &Change) -> page::Change {
    page::Change {
        rev: change.rev,
        path: change.path.clone(),
        op: super::op(change.checksum.as_ref()),
        checksum: change.checksum.map(|checksum| checksum.to_string()),
        size: change.size,
        modified: change.modified,
    }
}
