//! `POST /v1/projects/:id/purge`

use http::Response;

use crate::api::app::App;
use crate::api::error::Error;
use crate::api::moment::moment;
use crate::api::request::file_path;
use crate::api::response::ok;
use crate::api::waiting::{Publication, with_news};
use crate::domain::ProjectId;
use crate::store::Purge;
use crate::wire::purge::{PurgeAnswer, PurgeRequest};

/// Removes a path, or one version of it, for good: from the history, the content and the disk.
/// Where it is the newest version, the path is deleted, which the feed reports.
///
/// 200 with how many versions went; 404 for a project, path or version that never was, or was purged
/// before.
pub fn purge(
    app: &App,
    id: &ProjectId,
    device: Option<String>,
    body: &[u8],
) -> Result<Response<Vec<u8>>, Error> {
    let request = PurgeRequest::parse(body)?;
    let purge = Purge {
        path: file_path(&request.path)?,
        rev: request.rev,
        device,
    };
    let now_us = moment(app)?;
    let purged = app.database.with(|store| store.purge(id, &purge, now_us))?;
    let news = Publication::at_cursor(id, purged.cursor, purge.device.as_deref());
    let response = ok(&PurgeAnswer {
        purged: purged.versions,
        elsewhere: purged.elsewhere,
        erased: purged.erased,
        cursor: purged.cursor.to_string(),
    });
    Ok(with_news(response, Some(&news)))
}
