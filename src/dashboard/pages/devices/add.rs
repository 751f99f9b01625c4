//! `POST /dashboard/devices`

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::form::NewDevice;
use super::list::list;
use super::problem::Problem;
use super::secret;
use crate::api::Error;
use crate::dashboard::form::Form;
use crate::dashboard::visit::Visit;
use crate::domain::key::Scope;

/// Makes a key and shows its secret, once; the form again when the API refuses it, and when it is sent again.
pub fn add_device(visit: &Visit, form: &Form) -> Result<Response<Vec<u8>>, Error> {
    if is_sent_again(visit, form)? {
        return refuse(visit, form, Problem::made_already(), StatusCode::CONFLICT);
    }
    match visit.ask(Method::POST, "/v1/keys", &request(form)) {
        Ok(answer) => secret::show(visit, &answer, "Connect the device"),
        Err(error) if error.status().is_client_error() => {
            refuse(visit, form, Problem::of(&error), error.status())
        }
        Err(error) => Err(error),
    }
}

fn refuse(
    visit: &Visit,
    form: &Form,
    problem: Problem,
    status: StatusCode,
) -> Result<Response<Vec<u8>>, Error> {
    let mut response = list(visit, NewDevice::refused(visit, form, problem)?)?;
    *response.status_mut() = status;
    Ok(response)
}

/// Whether the form has made its key: a browser sends a form again when the page with the secret is loaded again.
/// Then there is a key with this name that is newer than the form, revoked or not.
fn is_sent_again(visit: &Visit, form: &Form) -> Result<bool, Error> {
    visit.caller.require(Scope::Manage)?;
    let (name, shown) = (form.text("name"), form.text("shown").parse().unwrap_or(0));
    let keys = visit.app.database.with(|store| store.every_device_key())?;
    let own = visit.grant()?;
    let mut managed = keys.iter().filter(|key| own.covers(&key.grant));
    Ok(managed.any(|key| key.name == name && key.created_at >= shown))
}

/// The body of the request that makes the key. It opens the projects that were chosen, and all only where
/// none was. It works until the end of its last day.
fn request(form: &Form) -> Value {
    let mut body = json!({ "name": form.text("name"), "scope": form.text("scope") });
    let chosen: Vec<&str> = form.all("project").collect();
    if !chosen.is_empty() || form.text("all") != "yes" {
        body["projects"] = chosen.into();
    }
    match form.text("expires") {
        "" => {}
        day => body["expires_at"] = format!("{day}T23:59:59Z").into(),
    }
    body
}
