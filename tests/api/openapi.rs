//! `GET /openapi.json`. `support::openapi` checks every answer that a suite gets against it, and
//! `described.rs` that every documented answer occurs.

use support::Host;

#[test]
fn the_document_needs_no_key_and_has_no_rate_limit() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "1")]);
    let client = host.anonymous();
    let answer = client.get("/openapi.json");
    assert_eq!(answer.status, 200);
    assert!(answer.bytes == include_bytes!("../../src/api/openapi.json"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let known = [("if-none-match", answer.header("etag"))];
    for address in ["/openapi.json", "/openapi.json/"] {
        assert_eq!(client.get(address).status, 200);
    }
    let again = client.send("GET", "/openapi.json", &known, b"");
    assert_eq!((again.status, again.bytes.len()), (304, 0));
    let packed = client.send("GET", "/openapi.json", &[("accept-encoding", "gzip")], b"");
    assert!(packed.bytes.len() * 4 < answer.bytes.len());
    host.client().get("/v1/info").good();
}
