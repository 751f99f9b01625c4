//! The one page that shows a key.

use askama::Template;
use http::Response;
use serde::Deserialize;

use crate::api::Error;
use crate::dashboard::format::{Name, Time};
use crate::dashboard::frame::Frame;
use crate::dashboard::pages::connect::server_address;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;

#[derive(Template)]
#[template(path = "secret.html")]
struct Page {
    frame: Frame,
    name: Name,
    key: String,
    server: String,
    /// Until when the secret before works too.
    previous_until: Option<Time>,
}

/// The answer of the API, as far as it is shown.
#[derive(Deserialize)]
struct Made {
    name: String,
    key: String,
    previous_until: Option<f64>,
}

/// Shows the key in an answer of the API, which nobody keeps.
pub fn show(
    visit: &Visit,
    answer: &Response<Vec<u8>>,
    title: &str,
) -> Result<Response<Vec<u8>>, Error> {
    let made: Made =
        serde_json::from_slice(answer.body()).map_err(|error| Error::Internal(error.into()))?;
    reply::page(&Page {
        frame: visit.frame(title),
        name: Name::new(made.name),
        key: made.key,
        server: server_address(visit),
        previous_until: made.previous_until.map(|at| Time((at * 1000.0) as i64)),
    })
}
