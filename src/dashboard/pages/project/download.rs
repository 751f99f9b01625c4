//! `GET /dashboard/projects/:id/download`

use http::Response;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use crate::api::{Error, attachment};
use crate::dashboard::tar::Archive;
use crate::dashboard::visit::Visit;
use crate::domain::ProjectId;
use crate::store::{self, Change, Entries, PAGE_BYTES, PageQuery, Store};

/// Bytes of files in one download. An answer is made in memory.
pub const MAX_BYTES: u64 = 64 << 20;
const TOO_LARGE: &str = "The files of this project have more than 64 MiB: export them on the server with 'kamiflow-sync export'.";
/// Files in one page of the store.
const PAGE_FILES: u32 = 1000;

/// Answers all files of the project as a tar file: 400 when they have more than 64 MiB.
pub fn download(visit: &Visit, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    visit.require_project(id)?;
    let archive = visit.app.database.read(|store| {
        let project = store.project(id)?.ok_or(store::Error::NoProject)?;
        match project.total_size > MAX_BYTES {
            true => Err(Error::BadRequest(TOO_LARGE.to_owned())),
            false => archive(store, id),
        }
    })?;
    let mut response = Response::new(archive);
    let name = format!("{}.tar", id.as_str());
    response.headers_mut().extend([
        (CONTENT_TYPE, HeaderValue::from_static("application/x-tar")),
        (CONTENT_DISPOSITION, attachment(&name)?),
    ]);
    Ok(response)
}

fn archive(store: &Store, id: &ProjectId) -> Result<Vec<u8>, Error> {
    let mut archive = Archive::default();
    let mut query = PageQuery {
        since: 0,
        limit: PAGE_FILES,
        max_bytes: Some(PAGE_BYTES),
        entries: Entries::LiveFiles,
    };
    while let Some(page) = store.read_page(id, &query)? {
        for Change { version, bytes, .. } in &page.changes {
            let content = bytes.as_deref().unwrap_or_default();
            archive.add(&version.path, version.modified.div_euclid(1000), content);
            query.since = version.rev;
        }
        if !page.has_more {
            break;
        }
    }
    Ok(archive.finish())
}
