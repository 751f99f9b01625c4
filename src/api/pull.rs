//! `GET /v1/projects/:id/files`

use http::{Request, Response};

use super::{ok_json, parameter};
use crate::cursor;
use crate::error::Error;
use crate::project::{ProjectId, Rev};
use crate::route::Route;
use crate::store::{Pulled, Store};
use crate::wire::page::{File, PageWriter};
use crate::wire::{parse_limit, parse_since};

/// Answers a page of the files that changed after `since`, in the order of `synced_at`.
///
/// 200 always: an unknown project has no files, and odd numbers are read as the original
/// reads them.
pub fn pull(id: &ProjectId, head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    let limit = parse_limit(&parameter(head, "limit").unwrap_or_default());
    let since = since(head);
    Store::with(|store| match store.project(id)? {
        None => Ok(ok_json(PageWriter::new(0).finish(false, cursor::BEGINNING))),
        Some(project) => {
            let page = store.page(project.number, since, limit)?;
            let mut writer =
                PageWriter::new(page.files.iter().map(|file| file.content.len()).sum());
            page.files
                .iter()
                .for_each(|file| writer.push(&describe(file), &file.content));
            Ok(ok_json(
                writer.finish(page.has_more, &project.cursor().to_string()),
            ))
        }
    })
}

/// Whether this request goes on with a pull: its `since` is the `synced_at` of a stored version.
/// Such a page is not counted, or a first pull of 10,000 files would run into the limit.
pub fn continues(head: &Request<()>, route: &Route) -> Result<bool, Error> {
    let Route::Files(id) = route else {
        return Ok(false);
    };
    match since(head) {
        0 => Ok(false),
        since => Store::with(|store| match store.project(id)? {
            Some(project) => store.knows_rev(project.number, since),
            None => Ok(false),
        }),
    }
}

fn since(head: &Request<()>) -> Rev {
    parse_since(&parameter(head, "since").unwrap_or_default())
}

fn describe(file: &Pulled) -> File {
    File {
        path: file.path.clone(),
        checksum: file.checksum.to_string(),
        modified: file.modified,
        size: file.content.len() as u64,
        synced_at: file.rev,
    }
}
