//! What the host says when it asks again for those who wait, and that nobody else can say it.

use http::Request;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::api::for_log::DEVICE;

/// The host sets it when it asks again, and removes it from what clients send.
const AGAIN: HeaderName = HeaderName::from_static("grip-again");
const LOOK: HeaderValue = HeaderValue::from_static("look");
/// What the names of all these headers begin with.
const PREFIX: &str = "grip-";

/// The id of the last event that the client of a stream has, as browsers send it.
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Removes what host and component say to each other.
pub fn strip(headers: &mut HeaderMap) {
    let names = headers
        .keys()
        .filter(|name| name.as_str().starts_with(PREFIX));
    for name in names.cloned().collect::<Vec<_>>() {
        headers.remove(name);
    }
    headers.remove(DEVICE);
}

/// Marks a request as one that the host asks again: it was counted the first time. In a stream, its
/// client has the event of this id.
pub fn mark_again(headers: &mut HeaderMap, last_id: Option<&str>) {
    headers.insert(AGAIN, LOOK);
    if let Some(id) = last_id.and_then(|id| HeaderValue::from_str(id).ok()) {
        headers.insert(LAST_EVENT_ID, id);
    }
}

/// Whether the host asks this again.
pub fn is_again(head: &Request<()>) -> bool {
    head.headers().contains_key(AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_the_last_look_takes_the_place_of_the_one_before() {
        let mut headers = HeaderMap::new();
        headers.insert(LAST_EVENT_ID, HeaderValue::from_static("of the client"));
        for id in ["1", "2"] {
            mark_again(&mut headers, Some(id));
            let ids: Vec<_> = headers.get_all(LAST_EVENT_ID).iter().collect();
            assert_eq!(ids, [id]);
        }
    }

    #[test]
    fn a_client_says_nothing_for_the_host() {
        let mut headers = HeaderMap::new();
        mark_again(&mut headers, None);
        headers.insert("grip-sig", HeaderValue::from_static("x"));
        headers.insert(DEVICE, HeaderValue::from_static("x"));
        headers.insert("gripe", HeaderValue::from_static("x"));
        strip(&mut headers);
        assert_eq!(headers.len(), 1);
        assert!(headers.contains_key("gripe"));
    }
}
