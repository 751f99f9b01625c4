//! What the component tells the program that runs it for its log.

use http::header::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

use super::caller::Caller;

/// In a request it asks whose key it has, and in the answer it names the device. The program sets the one and removes
/// the other, so that no client sees it.
pub const DEVICE: HeaderName = HeaderName::from_static("x-kamiflow-device");

/// The header of an answer to a request with a key, where it is asked for: the name of a device, empty for the owner.
pub(super) fn device(request: &HeaderMap, caller: &Caller) -> Option<(HeaderName, HeaderValue)> {
    let name = match caller {
        Caller::Anonymous => return None,
        Caller::Owner => "",
        Caller::Device(key) => &key.name,
    };
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC).to_string();
    let is_asked = request.contains_key(DEVICE);
    is_asked.then_some((DEVICE, name.parse().ok()?))
}

/// In an answer it says that the project is on another server. A device that still asks here is no failure of this one.
pub const MOVED: HeaderName = HeaderName::from_static("x-kamiflow-moved");

/// The header of an answer about a project that was moved, where the program asks for such.
pub(super) fn moved(request: &HeaderMap) -> Option<(HeaderName, HeaderValue)> {
    let is_asked = request.contains_key(DEVICE);
    is_asked.then(|| (MOVED, HeaderValue::from_static("?1")))
}

/// Takes out of an answer whether it is about a project that was moved.
pub fn take_moved(answer: &mut HeaderMap) -> bool {
    answer.remove(MOVED).is_some()
}

/// Takes the name of the device out of an answer: empty for the owner, and none for a request without a key that is valid.
pub fn take_device(answer: &mut HeaderMap) -> Option<String> {
    let name = answer.remove(DEVICE)?;
    let name = percent_decode(name.as_bytes()).decode_utf8_lossy();
    Some(name.into_owned())
}
