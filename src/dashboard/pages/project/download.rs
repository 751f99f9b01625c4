//! `GET /dashboard/projects/:id/download`

use http::Response;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use crate::api::{Error, attachment};
use crate::dashboard::tar::Archive;
use crate::dashboard::visit::Visit;
use crate::domain::{ProjectId, Rev};
use crate::store::{self, Change, Entries, PAGE_BYTES, PageQuery, Store};

/// Bytes of files in one download. An answer is made in memory, and sent from there, so that a slow browser
/// keeps no instance.
pub const MAX_BYTES: u64 = 64 << 20;
const TOO_LARGE: &str =
    "These files have more than 64 MiB: open the project again and download it in parts.";
/// Files in one page of the store.
const PAGE_FILES: u32 = 1000;

/// The files of a download, by their revs.
struct Range {
    after: Rev,
    /// The last one.
    up_to: Rev,
    /// The number of the part; none for the whole project.
    part: Option<u32>,
}

/// Answers all files of the project, or those of one part, as a tar file: 400 when they have more than 64 MiB, unless it
/// is one file.
pub fn download(visit: &Visit, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    visit.require_project(id)?;
    let range = Range::of(visit)?;
    let archive = visit
        .app
        .database
        .read(|store| archive(store, id, &range))?;
    let mut response = Response::new(archive);
    let part = range.part.map(|part| format!("-{part}"));
    let name = format!("{}{}.tar", id.as_str(), part.unwrap_or_default());
    response.headers_mut().extend([
        (CONTENT_TYPE, HeaderValue::from_static("application/x-tar")),
        (CONTENT_DISPOSITION, attachment(&name)?),
    ]);
    Ok(response)
}

impl Range {
    fn of(visit: &Visit) -> Result<Self, Error> {
        let number = |name: &str| {
            let text = visit.parameter(name).filter(|text| !text.is_empty());
            let rule =
                || Error::BadRequest(format!("'{name}' must be from the address of a page."));
            text.map(|text| text.parse::<Rev>().map_err(|_| rule()))
                .transpose()
        };
        Ok(Self {
            after: number("after")?.unwrap_or(0),
            up_to: number("to")?.unwrap_or(Rev::MAX),
            part: number("part")?.and_then(|part| part.try_into().ok()),
        })
    }

    fn has(&self, change: &Change) -> bool {
        change.version.rev <= self.up_to
    }
}

fn archive(store: &Store, id: &ProjectId, range: &Range) -> Result<Vec<u8>, Error> {
    let (mut archive, mut files, mut bytes) = (Archive::default(), 0, 0);
    let mut query = PageQuery {
        since: range.after,
        limit: PAGE_FILES,
        max_bytes: Some(PAGE_BYTES),
        entries: Entries::LiveFiles,
    };
    loop {
        let page = store
            .read_page(id, &query)?
            .ok_or(store::Error::NoProject)?;
        let is_last = !page.has_more || !page.changes.iter().all(|change| range.has(change));
        for change in page.changes.iter().filter(|change| range.has(change)) {
            let version = &change.version;
            files += 1;
            bytes += version.size;
            if bytes > MAX_BYTES && files > 1 {
                return Err(Error::BadRequest(TOO_LARGE.to_owned()));
            }
            let content = change.bytes.as_deref().unwrap_or_default();
            archive.add(&version.path, version.modified.div_euclid(1000), content);
            query.since = version.rev;
        }
        if is_last {
            return Ok(archive.finish());
        }
    }
}
