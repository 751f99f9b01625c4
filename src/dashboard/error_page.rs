//! A failed request, as a page: the same sentence and the same status as from the API.

use askama::Template;
use http::Response;

use super::format::count;
use super::frame::Frame;
use super::reply;
use crate::api::Error;

#[derive(Template)]
#[template(path = "error.html")]
struct Page<'a> {
    frame: &'a Frame,
    sentence: String,
    /// The page with the form that led here.
    back: Option<&'a str>,
}

/// The page for an error. What only the operator may see goes to the log. From a form it leads back to the page with
/// that.
pub(super) fn of(error: Error, frame: &Frame, back: Option<&str>) -> Response<Vec<u8>> {
    let sentence = super::format::plain(&sentence(&error));
    // It has the status and the headers that belong to it.
    let (mut parts, json) = error.into_response().into_parts();
    let page = match reply::page(&Page {
        frame,
        sentence,
        back,
    }) {
        Ok(page) => page,
        Err(_) => return Response::from_parts(parts, json),
    };
    let (page, body) = page.into_parts();
    for (name, value) in &page.headers {
        parts.headers.insert(name, value.clone());
    }
    Response::from_parts(parts, body)
}

/// Nobody counts the seconds of a quarter of an hour.
fn sentence(error: &Error) -> String {
    match error {
        Error::RateLimited { retry_after_s } => {
            let minutes = count(retry_after_s.div_ceil(60), "minute");
            format!("Too many requests: wait {minutes} and try again.")
        }
        error => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_status_and_its_sentence_and_shows_no_html() {
        let error = Error::BadRequest("Not <b>so</b>.".to_owned());
        let response = of(error, &Frame::signed_out("Not possible"), None);
        assert_eq!(response.status(), 400);
        assert_eq!(
            response.headers()["content-type"],
            "text/html; charset=utf-8"
        );
        let body = String::from_utf8(response.into_body()).unwrap();
        assert!(body.contains("Not &#60;b&#62;so&#60;/b&#62;."), "{body}");
    }

    #[test]
    fn the_reason_of_a_failure_stays_in_the_log() {
        let frame = Frame::signed_out("Not possible");
        let response = of(Error::Internal("no such table".into()), &frame, None);
        assert_eq!(response.status(), 500);
        assert!(
            !String::from_utf8(response.into_body())
                .unwrap()
                .contains("table")
        );
        let response = of(Error::RateLimited { retry_after_s: 61 }, &frame, None);
        assert_eq!(response.headers()["retry-after"], "61");
        let body = String::from_utf8(response.into_body()).unwrap();
        assert!(body.contains("wait 2 minutes"), "{body}");
    }
}
