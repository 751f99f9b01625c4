//! The key, and the order in which a request is checked.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use support::openapi::DOCUMENT;
use support::{Host, KEY, file};

#[test]
fn without_a_key_nothing_but_health_is_answered() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let before = host.client().status("p");
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        let address = path.replace("{id}", "p").replace("{path}", "a");
        let operations = methods.as_object().unwrap().iter();
        for (method, _) in operations.filter(|(_, operation)| operation["responses"].is_object()) {
            let method = method.to_uppercase();
            let answer = host.anonymous().send(&method, &address, &[], b"");
            if ["/", "/health", "/openapi.json"].contains(&&**path) {
                assert_eq!(answer.status, 200, "{method} {address}");
                continue;
            }
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
            answer.failed(401, "unauthenticated");
        }
    }
    assert_eq!(host.client().status("p"), before);
}

#[test]
fn a_malformed_authorization_is_unauthenticated_and_a_wrong_key_forbidden() {
    let host = Host::start();
    for (header, status, code) in [
        (KEY.to_owned(), 401, "unauthenticated"),
        (format!("Digest {KEY}"), 401, "unauthenticated"),
        ("bearer wrong".to_owned(), 403, "forbidden"),
        ("Basic dTp3cm9uZw==".to_owned(), 403, "forbidden"),
        ("Bearer".to_owned(), 401, "unauthenticated"),
        ("Basic a2V5".to_owned(), 401, "unauthenticated"),
        ("Bearer wrong".to_owned(), 403, "forbidden"),
        (format!("Bearer {}", &KEY[1..]), 403, "forbidden"),
        (format!("Bearer {KEY}0"), 403, "forbidden"),
        (format!("Bearer  {KEY}"), 403, "forbidden"),
    ] {
        let answer = host.anonymous().send(
            "GET",
            "/v1/projects/p/status",
            &[("authorization", &header)],
            b"",
        );
        answer.failed(status, code);
    }
}

#[test]
fn the_key_is_read_however_clients_send_it() {
    let host = Host::start();
    let basic = STANDARD.encode(format!("anybody:{KEY}"));
    for (name, value) in [
        ("authorization", format!("bearer {KEY}")),
        ("authorization", format!("BEARER {KEY}")),
        ("authorization", format!("Basic {basic}")),
        ("x-api-key", KEY.to_owned()),
    ] {
        let answer = host
            .anonymous()
            .send("GET", "/v1/info", &[(name, &value)], b"");
        assert_eq!(answer.status, 200, "{name}: {value}");
    }
}

#[test]
fn a_wrong_key_changes_nothing() {
    let host = Host::start();
    host.client().push_files("p", &[("a.md", "kept")]).good();
    let wrong = host.with_key(Some("wrong"));
    wrong
        .push("p", &json!({ "files": [file("a.md", b"lost")] }))
        .failed(403, "forbidden");
    wrong.delete("/v1/projects/p").failed(403, "forbidden");
    assert_eq!(
        host.client().pull("p", "")["files"][0]["checksum"],
        support::sha256(b"kept")
    );
}

#[test]
fn an_unknown_address_and_a_wrong_method_are_reported_before_the_key() {
    let host = Host::start();
    host.anonymous().get("/v1/nope").failed(404, "not_found");
    let answer = host
        .anonymous()
        .send("PUT", "/v1/projects/p/sync", &[], b"");
    assert_eq!(answer.header("allow"), "POST");
    answer.failed(405, "method_not_allowed");
}

#[test]
fn without_a_key_the_answer_does_not_wait_for_the_body() {
    let host = Host::start();
    let mut socket = TcpStream::connect(host.address()).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    socket
        .write_all(b"POST /v1/projects/p/sync HTTP/1.1\r\nhost: x\r\ncontent-length: 50000000\r\n\r\n{\"files\":[")
        .unwrap();
    let mut start = [0; 12];
    socket.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 401");
}

#[test]
fn spaces_around_a_configured_key_are_ignored() {
    let host = Host::with(&[("API_KEY", &format!("  {KEY} "))]);
    host.client().get("/v1/projects/p/status").good();
}

#[test]
fn both_keys_work_during_a_key_change() {
    const NEW: &str = "fedcba9876543210fedcba9876543210";
    let host = Host::with(&[("API_KEY", NEW), ("API_KEY_PREVIOUS", KEY)]);
    host.client().get("/v1/info").good();
    host.with_key(Some(NEW)).get("/v1/info").good();
    host.with_key(Some("another"))
        .get("/v1/info")
        .failed(403, "forbidden");
}
