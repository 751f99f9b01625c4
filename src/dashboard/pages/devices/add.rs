//! `POST /dashboard/devices`

use http::{Method, Response};

use super::form::{NewDevice, request};
use super::list::list;
use super::secret;
use crate::api::Error;
use crate::dashboard::form::Form;
use crate::dashboard::visit::Visit;

/// Makes a key and shows its secret, once; the form again when the API refuses it.
pub fn add_device(visit: &Visit, form: &Form) -> Result<Response<Vec<u8>>, Error> {
    match visit.ask(Method::POST, "/v1/keys", &request(form)) {
        Ok(answer) => secret::show(visit, &answer, "Connect the device"),
        Err(error) if error.status().is_client_error() => {
            let status = error.status();
            let mut response = list(visit, NewDevice::refused(visit, form, &error)?)?;
            *response.status_mut() = status;
            Ok(response)
        }
        Err(error) => Err(error),
    }
}
