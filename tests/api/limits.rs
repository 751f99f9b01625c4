//! Limits of sizes and rates, and content encodings.

use serde_json::{Value, json};

use support::{Host, file, gzip};

#[test]
fn a_body_over_the_limit_is_refused_by_its_length_and_by_its_bytes() {
    let host = Host::with(&[("MAX_BODY_SIZE", "2000")]);
    let body = json!({ "files": [file("a", &[b'x'; 3000])] }).to_string();
    let path = "/v1/projects/p/sync";
    host.client()
        .send("POST", path, &[], body.as_bytes())
        .failed(413, "body_too_large");
    let encoded = [("content-encoding", "gzip")];
    host.client()
        .send("POST", path, &encoded, &gzip(body.as_bytes()))
        .failed(413, "body_too_large");
    let fitting = json!({ "files": [file("a", &[b'x'; 1000])] });
    host.client().push("p", &fitting).good();
}

#[test]
fn a_gzip_bomb_is_refused() {
    let host = Host::with(&[("MAX_BODY_SIZE", "1000000")]);
    let bomb = gzip(&vec![b' '; 100 << 20]);
    let headers = [("content-encoding", "gzip")];
    host.client()
        .send("POST", "/v1/projects/p/sync", &headers, &bomb)
        .failed(413, "body_too_large");
}

#[test]
fn gzip_works_both_ways_and_only_on_request() {
    let host = Host::start();
    let client = host.client();
    let body = json!({ "files": [file("a", "word ".repeat(2000).as_bytes())] }).to_string();
    let path = "/v1/projects/p/sync";
    client
        .send(
            "POST",
            path,
            &[("content-encoding", "gzip")],
            &gzip(body.as_bytes()),
        )
        .good();
    client
        .send("POST", path, &[("content-encoding", "br")], body.as_bytes())
        .failed(415, "unsupported_encoding");
    client
        .send("POST", path, &[("content-encoding", "gzip")], b"no gzip")
        .failed(400, "bad_gzip");
    let plain = client.get("/v1/projects/p/files");
    let packed = client.send(
        "GET",
        "/v1/projects/p/files",
        &[("accept-encoding", "gzip")],
        b"",
    );
    assert_eq!(
        (
            plain.header("content-encoding"),
            packed.header("content-encoding")
        ),
        ("", "gzip")
    );
    assert!(plain.header("vary").contains("accept-encoding"));
    let mut unpacked = String::new();
    std::io::Read::read_to_string(
        &mut flate2::read::GzDecoder::new(&packed.bytes[..]),
        &mut unpacked,
    )
    .unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&unpacked).unwrap(),
        plain.json
    );
}

#[test]
fn requests_over_the_limit_wait_for_the_window() {
    let host = Host::with(&[
        ("RATE_LIMIT_MAX_REQUESTS", "3"),
        ("RATE_LIMIT_WINDOW_MS", "60000"),
    ]);
    for remaining in ["2", "1", "0"] {
        let answer = host.client().get("/v1/projects/p/status");
        assert_eq!(
            (
                answer.header("ratelimit-remaining"),
                answer.header("x-ratelimit-limit")
            ),
            (remaining, "3")
        );
        answer.good();
    }
    let answer = host.client().get("/v1/projects/p/status");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait));
    assert_eq!(answer.failed(429, "rate_limited")["retryable"], true);
    assert_eq!(host.anonymous().get("/health").status, 200);
}

#[test]
fn a_new_window_accepts_requests_again() {
    let host = Host::with(&[
        ("RATE_LIMIT_MAX_REQUESTS", "1"),
        ("RATE_LIMIT_WINDOW_MS", "1000"),
    ]);
    host.client().get("/v1/projects/p/status").good();
    host.client()
        .get("/v1/projects/p/status")
        .failed(429, "rate_limited");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    host.client().get("/v1/projects/p/status").good();
}

#[test]
fn wrong_keys_use_up_only_their_own_window() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "2")]);
    let wrong = host.with_key(Some("guess"));
    wrong.get("/v1/projects/p/status").failed(403, "forbidden");
    wrong.get("/v1/projects/p/status").failed(403, "forbidden");
    wrong
        .get("/v1/projects/p/status")
        .failed(429, "rate_limited");
    host.client().get("/v1/projects/p/status").good();
}

#[test]
fn a_forwarded_address_counts_only_behind_a_trusted_proxy() {
    let guess = |host: &Host, from: &str| {
        let headers = [("x-forwarded-for", from)];
        host.with_key(Some("guess"))
            .send("GET", "/v1/projects/p/status", &headers, b"")
            .status
    };
    let settings = [("RATE_LIMIT_MAX_REQUESTS", "1")];
    let direct = Host::with(&settings);
    assert_eq!(
        [
            guess(&direct, "198.51.100.1"),
            guess(&direct, "198.51.100.2")
        ],
        [403, 429]
    );
    let proxied = Host::with(&[settings[0], ("TRUSTED_PROXIES", "127.0.0.0/8")]);
    assert_eq!(
        [
            guess(&proxied, "198.51.100.1"),
            guess(&proxied, "198.51.100.2")
        ],
        [403, 403]
    );
}

#[test]
fn the_pages_that_continue_a_pull_are_not_counted() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "3")]);
    let files: Vec<Value> = (0..30).map(|i| file(&format!("f{i}"), b"x")).collect();
    host.client().push("p", &json!({ "files": files })).good();
    assert_eq!(host.client().pull_all("p", 1).len(), 30);
}
