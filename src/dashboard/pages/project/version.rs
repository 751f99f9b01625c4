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
use crate::domain::key::Scope;
use crate::domain::{FilePath, ProjectId, Rev};

/// Brings the version `rev` of the file `path` back, as a new one, and leads to the file, or back to the `list`
/// that it was chosen from. When `base` is not the newest version any more, nothing is stored: whoever sent the
/// form has not seen what it would replace.
pub fn restore_version(
    visit: &Visit,
    id: &ProjectId,
    form: &Form,
) -> Result<Response<Vec<u8>>, Error> {
    visit.caller.require(Scope::Write)?;
    visit.require_project(id)?;
    let (path, rev) = (form.exact("path"), form.text("rev").parse::<Rev>());
    let bad_rev = || Error::BadRequest("'rev' must be the rev of a version.".to_owned());
    let body = json!({ "path": path, "rev": rev.map_err(|_| bad_rev())? });
    let file = file_address(id.as_str(), path);
    if has_changed(visit, id, path, form.text("base"))? {
        return Ok(reply::not_done(&file, &[], Done::FileHasChanged));
    }
    let address = api_address(id.as_str(), "/restore");
    let answer = visit.ask(Method::POST, &address, &body)?;
    let next = match form.text("list") {
        list @ ("deleted" | "replaced") => format!("{}/{list}", project_address(id.as_str())),
        _ => file,
    };
    let done = Restored::read(&answer)?.told(Done::VersionRestored);
    Ok(reply::done(&next, done, answer))
}

/// Whether a file has another newest version than `base`. What the API refuses has not.
fn has_changed(visit: &Visit, id: &ProjectId, path: &str, base: &str) -> Result<bool, Error> {
    let Ok(path) = FilePath::parse(path) else {
        return Ok(false);
    };
    let newest = visit.app.database.read(|store| {
        let project = store.project_summary(id)?.map(|found| found.project.number);
        let newest = project.map(|number| store.newest_version(number, &path));
        Ok::<_, Error>(newest.transpose()?.flatten())
    })?;
    Ok(newest.is_some_and(|newest| newest.version.rev.to_string() != base))
}
