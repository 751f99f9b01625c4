//! An id for each request, so that a client's log and the server's can be matched.

use http::Request;
use http::header::{HeaderName, HeaderValue};

/// The header that carries it.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Whether what a client sent will do as an id: 1 to 64 letters, digits, `.`, `_` and `-`.
pub fn is_request_id(sent: &HeaderValue) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=64).contains(&sent.len()) && sent.as_bytes().iter().all(allowed)
}

/// The client's own id when it will do, else a new one.
pub(super) fn request_id(head: &Request<()>, new_id: impl FnOnce() -> u64) -> HeaderValue {
    let sent = head.headers().get(REQUEST_ID);
    let sent = sent.filter(|sent| is_request_id(sent));
    sent.cloned().unwrap_or_else(|| {
        HeaderValue::from_maybe_shared(format!("{:016x}", new_id())).expect("hex digits")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_kept_only_when_it_is_a_short_word() {
        let id = |sent: &str| {
            let head = Request::get("/")
                .header("x-request-id", sent)
                .body(())
                .unwrap();
            request_id(&head, || 0xab)
        };
        assert_eq!(id("device-1.42_x"), "device-1.42_x");
        for bad in ["", "a b", "a\"b", &"x".repeat(65)] {
            assert_eq!(id(bad), "00000000000000ab", "{bad:?}");
        }
    }
}
