//! `POST /dashboard/projects/:id/versions`

use http::{Method, Response};
use serde_json::json;

use super::restored::Restored;
use crate::api::Error;
use crate::dashboard::done::Done;
use crate::dashboard::form::Form;
use crate::dashboard::format::{api_address, file_address, project_address};
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::{ProjectId, Rejection, Rev};

/// Brings the version `rev` of the file `path` back, as a new one, and leads to the file, or back to the `list`
/// that it was chosen from. When `base` is not the newest version any more, nothing is stored: whoever sent the
/// form has not seen what it would replace.
pub fn restore_version(
    visit: &Visit,
    id: &ProjectId,
    form: &Form,
) -> Result<Response<Vec<u8>>, Error> {
    let (path, rev) = (form.exact("path"), form.text("rev").parse::<Rev>());
    let bad_rev = || Error::BadRequest("'rev' must be the rev of a version.".to_owned());
    // A form without a base has seen no version.
    let base: Rev = form.text("base").parse().unwrap_or(0);
    let body = json!({ "path": path, "rev": rev.map_err(|_| bad_rev())?, "base": base });
    let file = file_address(id.as_str(), path);
    let address = api_address(id.as_str(), "/restore");
    let answer = match visit.ask(Method::POST, &address, &body) {
        Err(Error::Rejected(Rejection::Conflict(_))) => {
            return Ok(reply::not_done(&file, &[], Done::FileHasChanged));
        }
        answer => answer?,
    };
    let next = match form.text("list") {
        list @ ("deleted" | "replaced") => format!("{}/{list}", project_address(id.as_str())),
        _ => file,
    };
    let done = Restored::read(&answer)?.told(Done::VersionRestored);
    Ok(reply::done(&next, done, answer))
}
