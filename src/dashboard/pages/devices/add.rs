//! `POST /dashboard/devices`

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::form::NewDevice;
use super::list::list;
use super::problem::Problem;
use super::secret;
use crate::api::Error;
use crate::dashboard::form::{Form, millis};
use crate::dashboard::visit::Visit;

/// Makes a key and shows its secret, once; the form again when the API refuses it, and when it is sent again.
pub fn add_device(visit: &Visit, form: &Form) -> Result<Response<Vec<u8>>, Error> {
    match visit.ask(Method::POST, "/v1/keys", &request(form)) {
        Ok(answer) => secret::show(visit, &answer, "Connect the device"),
        Err(Error::Outdated(_)) => {
            refuse(visit, form, Problem::made_already(), StatusCode::CONFLICT)
        }
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

/// The body of the request that makes the key. It opens the projects that were chosen, and all only where
/// none was. It works until the end of its last day. A browser sends a form again when the page with the secret is loaded
/// again: then there is a key with this name that is newer than the form, revoked or not.
fn request(form: &Form) -> Value {
    let mut body = json!({
        "name": form.text("name"),
        "scope": form.text("scope"),
        "unless_made_since": millis(form.text("shown")),
    });
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
