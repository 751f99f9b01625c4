//! `GET /v1/projects/:id/manifest`

use http::{Request, Response};

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::etag;
use crate::api::request::{cut, limit_of_entries, parameter};
use crate::api::response::ok;
use crate::domain::{Cursor, ProjectId, TreeDigest};
use crate::store::Project;
use crate::wire::manifest::ManifestPage;

/// Lists the live files after the path `after`, in byte order, without content.
///
/// 200, or 304 when nothing changed: an unknown project has no files.
pub fn manifest(app: &App, head: &Request<()>, id: &ProjectId) -> Result<Response<Vec<u8>>, Error> {
    let after = parameter(head, "after").unwrap_or_default();
    let limit = limit_of_entries(head);
    app.database.read(|store| {
        let project = store.project(id)?;
        let cursor = project.as_ref().map_or(Cursor::BEGINNING, Project::cursor);
        let cursor = cursor.to_string();
        etag::respond_by_state(head, &cursor.clone(), || {
            // One more than asked for shows whether more follow.
            let mut files = match &project {
                Some(project) => store.tree(project.number, &after, limit + 1, false)?,
                None => Vec::new(),
            };
            let has_more = cut(&mut files, limit);
            let digest = project.map_or(TreeDigest::default(), |project| project.digest);
            Ok(ok(&ManifestPage {
                files: files.into_iter().map(Into::into).collect(),
                has_more,
                digest: digest.to_string(),
                cursor,
            }))
        })
    })
}
