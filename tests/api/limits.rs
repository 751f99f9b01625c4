//! Limits of sizes and rates, and content encodings.

use std::io::{Read, Write};

use rusqlite::params;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use support::{Host, KEY, Random, file, gzip};

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
    flate2::read::GzDecoder::new(&packed.bytes[..])
        .read_to_string(&mut unpacked)
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

/// The status and the length of the body, and its text if it is short.
fn ask_raw(host: &Host, address: &str, headers: &str) -> (String, usize, String) {
    let mut socket = host.socket();
    let head = format!(
        "GET /v1/projects/p/{address} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\
         connection: close\r\n{headers}\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).unwrap();
    let end = answer
        .windows(4)
        .position(|part| part == b"\r\n\r\n")
        .unwrap()
        + 4;
    let text = String::from_utf8_lossy(&answer[end..answer.len().min(end + 1000)]).into_owned();
    let status = String::from_utf8_lossy(&answer[9..12]).into_owned();
    (status, answer.len() - end, text)
}

/// Stores a file of this many bytes in place of the only one, as a server with other settings did.
fn store_large(host: &Host, bytes: usize) {
    let mut random = Random::new(7);
    // As long as nothing repeats within the window of gzip, it compresses nothing.
    let part: Vec<u8> = (0..1 << 20)
        .map(|_| random.in_range(0..256) as u8)
        .collect();
    let content: Vec<u8> = part.into_iter().cycle().take(bytes).collect();
    let checksum = Sha256::digest(&content);
    let database = rusqlite::Connection::open(host.database()).unwrap();
    database
        .execute(
            "UPDATE content SET bytes = ?1, checksum = ?2",
            params![content, &checksum[..]],
        )
        .unwrap();
    database
        .execute(
            "UPDATE version SET size = ?1, checksum = ?2",
            params![bytes, &checksum[..]],
        )
        .unwrap();
}

#[test]
fn the_largest_file_is_pulled_whatever_the_limit_of_bodies_is() {
    const LARGEST: usize = 100 << 20;
    let host = Host::with(&[("MAX_BODY_SIZE", "1024")]);
    host.client().push_files("p", &[("a", "x")]).good();
    store_large(&host, LARGEST);
    for (address, headers, least) in [
        ("files", "", LARGEST / 3 * 4),
        ("files", "accept-encoding: gzip\r\n", LARGEST),
        ("changes?content=1", "", LARGEST / 3 * 4),
        ("files/a", "", LARGEST),
    ] {
        let (status, length, text) = ask_raw(&host, address, headers);
        assert_eq!(status, "200", "{address}: {text}");
        assert!(length >= least, "{address}: {length}");
    }
}

#[test]
fn a_stored_file_that_no_answer_carries_is_named() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a", "x"), ("b", "y")]).good();
    let database = rusqlite::Connection::open(host.database()).unwrap();
    database
        .execute_batch(
            "UPDATE version SET size = 104857601 WHERE path = 'b';
             UPDATE project SET total_size = 104857602",
        )
        .unwrap();
    let page = client.pull("p", "since=0");
    assert_eq!(page["hasMore"], true);
    let after = format!("files?since={}", page["files"][0]["synced_at"]);
    for address in [&after, "files/b", "changes?content=1&limit=1000&since=0"] {
        let answer = client.ask("p", address);
        if address.starts_with("changes") {
            // The first page ends before it.
            let cursor = answer.good()["cursor"].as_str().unwrap().to_owned();
            let next = format!("changes?content=1&since={cursor}");
            client.ask("p", &next).failed(413, "file_too_large");
            continue;
        }
        let answer = answer.failed(413, "file_too_large");
        assert_eq!(answer["path"], "b");
        assert!(
            answer["error"].as_str().unwrap().contains("export"),
            "{answer}"
        );
    }
    client.ask("p", "changes").good();
    let delete = json!({ "files": [], "deletions": ["b"] });
    client.push("p", &delete).good();
    assert_eq!(client.pull_all("p", 10).len(), 1);
}
