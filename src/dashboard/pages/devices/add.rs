//! `POST /dashboard/devices`

use http::{Method, Response, StatusCode};

use super::form::{NewDevice, is_sent_again, request};
use super::list::list;
use super::problem::Problem;
use super::secret;
use crate::api::Error;
use crate::dashboard::form::Form;
use crate::dashboard::visit::Visit;

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
