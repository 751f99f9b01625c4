//! `GET /openapi.json`. Whether it tells the truth, `support::openapi` checks for every answer that a suite
//! gets, and `described.rs` for every promise.

use support::Host;

#[test]
fn anybody_gets_the_document_as_often_as_they_like() {
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
