//! `GET /dashboard/projects/:id/download`

use http::Response;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use crate::api::{Error, attachment};
use crate::dashboard::tar::Archive;
use crate::dashboard::visit::Visit;
use crate::domain::ProjectId;
use crate::store::{self, Entries, PAGE_BYTES, Project, Store};

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
            false => archive(store, &project),
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

fn archive(store: &Store, project: &Project) -> Result<Vec<u8>, Error> {
    let (mut archive, mut since, mut has_more) = (Archive::default(), 0, true);
    while has_more {
        let page = store.page(project, since, PAGE_FILES, PAGE_BYTES, Entries::LiveFiles)?;
        let contents = store.contents(&page.changes)?;
        for (change, content) in page.changes.iter().zip(&contents) {
            let version = &change.version;
            archive.add(&version.path, version.modified.div_euclid(1000), content);
            since = version.rev;
        }
        has_more = page.has_more;
    }
    Ok(archive.finish())
}
