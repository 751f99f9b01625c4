//! Cursors and query strings.

use http::Request;
use kamiflow_sync_component::api::request;
use kamiflow_sync_component::domain::Cursor;
use kamiflow_sync_component::wire::numbers::{millis, parse_since};

use super::refused;

/// Largest whole number that a JavaScript number holds exactly.
const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// A cursor as text, and one made of the bytes.
pub fn cursor(data: &[u8]) {
    if let Ok(text) = str::from_utf8(data) {
        match Cursor::parse(text) {
            Ok(Some(cursor)) => assert_eq!(cursor.to_string(), text),
            Ok(None) => assert!(["", "0"].contains(&text)),
            Err(error) => refused(error),
        }
    }
    if let Some((bytes, _)) = data.split_first_chunk() {
        written_and_read(bytes);
    }
}

fn written_and_read(bytes: &[u8; 24]) {
    let mut numbers = bytes.chunks_exact(8);
    let mut number = || {
        let bytes = numbers.next().expect("24 bytes");
        i64::from_le_bytes(bytes.try_into().expect("8 bytes"))
    };
    let cursor = Cursor {
        epoch: number(),
        // Microseconds since 1970 after 1970.
        rev: number() & i64::MAX,
        tag: number(),
    };
    let read = Cursor::parse(&cursor.to_string()).expect("a cursor");
    assert_eq!(read, (cursor.rev != 0).then_some(cursor));
}

/// A query, and the same text as the value of a parameter.
pub fn query(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    if let Ok(head) = Request::get(format!("/v1/projects/x/files?{text}")).body(()) {
        numbers(&head);
    }
    let mut query = form_urlencoded::Serializer::new(String::from("/x?"));
    query.append_pair("limit", text).append_pair("since", text);
    let head = Request::get(query.finish()).body(()).expect("an address");
    for name in ["limit", "since"] {
        assert_eq!(request::parameter(&head, name).as_deref(), Some(text));
    }
    assert_eq!(request::parameter(&head, "path"), None);
    numbers(&head);
}

fn numbers(head: &Request<()>) {
    assert!((1..=1000).contains(&request::limit(head)));
    let since = request::parameter(head, "since").unwrap_or_default();
    let rev = parse_since(&since);
    assert!(rev >= 0, "{since}");
    if rev <= MAX_SAFE_INTEGER {
        let text = millis(&rev, serde_json::value::Serializer).expect("a number");
        assert_eq!(parse_since(&text.to_string()), rev, "{since}");
    }
    if let Err(error) = Cursor::parse(&since) {
        refused(error);
    }
}
