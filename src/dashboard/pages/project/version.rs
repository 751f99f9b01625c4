//! `POST /dashboard/projects/:id/versions`

use http::{Method, Response};
use serde_json::json;

use crate::api::Error;
use crate::dashboard::done::Done;
use crate::dashboard::form::Form;
use crate::dashboard::format::{api_address, file_address, project_address};
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::{ProjectId, Rev};

/// Brings the version `rev` of the file `path` back, as a new one, and leads to the file, or back to the `list`
/// that it was chosen from.
pub fn restore_version(
    visit: &Visit,
    id: &ProjectId,
    form: &Form,
) -> Result<Response<Vec<u8>>, Error> {
    let (path, rev) = (form.exact("path"), form.text("rev").parse::<Rev>());
    let bad_rev = || Error::BadRequest("'rev' must be the rev of a version.".to_owned());
    let body = json!({ "path": path, "rev": rev.map_err(|_| bad_rev())? });
    let address = api_address(id.as_str(), "/restore");
    let answer = visit.ask(Method::POST, &address, &body)?;
    let next = match form.text("list") {
        list @ ("deleted" | "replaced") => format!("{}/{list}", project_address(id.as_str())),
        _ => file_address(id.as_str(), path),
    };
    Ok(reply::done(&next, Done::VersionRestored, answer))
}
