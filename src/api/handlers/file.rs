//! `GET /v1/projects/:id/files/<path>`

use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response};

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::etag;
use crate::api::request::parameter;
use crate::api::response::attachment;
use crate::domain::{FilePath, ProjectId};
use crate::store::{self, Store, StoredVersion};

const REV: HeaderName = HeaderName::from_static("x-rev");

/// Answers the raw bytes of one file, or with `rev` of an older version of it.
///
/// 404 when there is no such file or version or it is a deletion, 410 when its content is no longer
/// kept, 413 when it is larger than an answer can be, 304 when the client has it. It is always a download, whatever it contains.
pub fn file(
    app: &App,
    head: &Request<()>,
    id: &ProjectId,
    path: &FilePath,
) -> Result<Response<Vec<u8>>, Error> {
    app.database.read(|store| {
        let stored = find(store, id, path, parameter(head, "rev"))?;
        let checksum = stored.as_ref().and_then(|stored| stored.version.checksum);
        let (Some(stored), Some(checksum)) = (stored, checksum) else {
            return Err(Error::Missing(format!("this project has no file '{path}'")));
        };
        let tag = format!("\"{checksum}\"");
        let mut response = etag::respond_by_tag(head.headers(), &tag, || {
            let mut response = Response::new(store.content(stored.answerable()?)?);
            response.headers_mut().extend([
                (
                    CONTENT_TYPE,
                    HeaderValue::from_static("application/octet-stream"),
                ),
                (CONTENT_DISPOSITION, disposition(path)?),
            ]);
            Ok(response)
        })?;
        // Of a 304 too: the same content may have come back under a new number.
        response
            .headers_mut()
            .insert(REV, stored.version.rev.into());
        Ok(response)
    })
}

fn find(
    store: &Store,
    id: &ProjectId,
    path: &FilePath,
    rev: Option<String>,
) -> Result<Option<StoredVersion>, Error> {
    let Some(project) = store.project(id)? else {
        return Ok(None);
    };
    match rev {
        None => Ok(store.newest_version(project.number, path)?),
        Some(rev) => version(store, project.number, path, &rev).map(Some),
    }
}

fn version(
    store: &Store,
    project: i64,
    path: &FilePath,
    rev: &str,
) -> Result<StoredVersion, Error> {
    let rule = |_| Error::BadRequest("'rev' must be the rev of a version.".to_owned());
    let rev = rev.parse().map_err(rule)?;
    let stored = store.version(project, path, rev)?;
    let path = || path.to_string();
    Ok(stored.ok_or_else(|| store::Error::NoVersion { path: path(), rev })?)
}

/// The last segment of the path is the name of the download.
fn disposition(path: &FilePath) -> Result<HeaderValue, Error> {
    attachment(path.as_str().rsplit('/').next().unwrap_or_default())
}
