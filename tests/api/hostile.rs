//! Hostile bodies, paths and keys.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use support::{Answer, Host, KEY, encode, file};

fn push(host: &Host, body: &[u8], headers: &[(&str, &str)]) -> Answer {
    host.client()
        .send("POST", "/v1/projects/p/sync", headers, body)
}

fn is_refusal(answer: &Answer) -> bool {
    (400..500).contains(&answer.status) && answer.json["code"].is_string()
}

#[test]
fn a_hostile_body_is_refused_and_affects_nobody() {
    let host = Host::start();
    let deep = |open: &str| open.repeat(200_000);
    let with = |field: &str, value: &str| {
        let mut file = file("a", b"x");
        file[field] = json!("@");
        json!({ "files": [file] })
            .to_string()
            .replace("\"@\"", value)
    };
    for body in [
        deep("["),
        deep("{\"files\":"),
        format!("{{\"files\":[{}", deep("{\"path\":")),
        format!("{{\"files\":[{}{{}}]}}", "{},".repeat(1_000_000)),
        format!(
            "{{\"files\":[],\"deletions\":[{}\"\"]}}",
            "\"\",".repeat(100_000)
        ),
        with("modified", "1e400"),
        with("modified", "9223372036854775808"),
        with("modified", "NaN"),
        with("base", "1e30"),
        with("base", "9223372036854775808"),
        with("base", "1.5"),
        with("base", "\"1\""),
        with("path", "\"\\ud800\""),
        with("path", "\"a\\u0000b\""),
        with("path", "\"a\\u0085b\""),
        with("content", "\"\\ud83d\""),
        with("checksum", "\"\""),
        with("checksum", &format!("\"{}\"", "é".repeat(32))),
        with("checksum", &format!("\"{}\"", "g".repeat(64))),
        format!("{} {{", json!({ "files": [] })),
        format!("{}\0", json!({ "files": [] })),
        "{\"files\":[],\"files\":[]}".to_owned(),
    ] {
        let answer = push(&host, body.as_bytes(), &[]);
        assert!(
            is_refusal(&answer),
            "{}: {}",
            &body[..body.len().min(200)],
            answer.json
        );
    }
    for bytes in [
        &b"\xff\xfe{\0}\0"[..],
        b"{\"files\":[\"\xff\"]}",
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
    ] {
        assert!(is_refusal(&push(&host, bytes, &[])));
    }
    // Ignored fields may be nested to any depth.
    let ignored = format!("{{\"files\":[],\"x\":{}{}}}", deep("["), deep("]"));
    push(&host, ignored.as_bytes(), &[]).good();
    assert_eq!(host.client().status("p")["fileCount"], 0);
    let (_, log, _) = host.stop();
    assert!(
        !log.contains("\"ERROR\"") && !log.contains("panic"),
        "{log}"
    );
}

#[test]
fn a_gzip_bomb_is_decompressed_only_up_to_the_limit() {
    let host = Host::with(&[("MAX_BODY_SIZE", "10000000")]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..512 {
        encoder.write_all(&vec![b' '; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 20);
    host.client().push_files("p", &[("a", "warm")]).good();
    for headers in [
        [("content-encoding", "gzip")],
        [("content-encoding", "GZIP")],
        [("content-encoding", "gzip, gzip")],
        [("content-encoding", "deflate")],
        [("content-encoding", "identity, gzip")],
    ] {
        let answer = push(&host, &bomb, &headers);
        assert!(
            matches!(answer.status, 413 | 415),
            "{headers:?}: {}",
            answer.status
        );
    }
    let most = host.memory("VmHWM");
    assert!(most < 400 << 20, "{most} bytes");
}

#[test]
fn wrong_keys_from_ten_thousand_addresses_use_a_bounded_number_of_counters() {
    let host = Host::with(&[
        ("TRUSTED_PROXIES", "127.0.0.0/8"),
        ("RATE_LIMIT_MAX_REQUESTS", "1"),
    ]);
    let stranger = host.anonymous();
    let guess = |number: u32| {
        let from = format!(
            "198.{}.{}.{}",
            number >> 16,
            number >> 8 & 255,
            number & 255
        );
        let key = format!("Bearer {number:032x}");
        let headers = [("x-forwarded-for", &*from), ("authorization", &*key)];
        stranger.send("GET", "/v1/projects/p/status", &headers, b"")
    };
    guess(0).failed(403, "forbidden");
    let before = host.memory("VmRSS");
    let counted = (1..10_000).filter(|number| guess(*number).status == 403);
    let counters = 1 + counted.count();
    assert!((3000..=4096).contains(&counters), "{counters}");
    let grown = host.memory("VmRSS").saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes");
    host.client().get("/v1/projects/p/status").good();
}

#[test]
fn a_large_body_without_the_key_takes_no_memory() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "warm")]).good();
    let before = host.memory("VmHWM");
    let part = vec![b'['; 1 << 20];
    for _ in 0..8 {
        let mut socket = host.socket();
        let head = support::push_head("p", 50 << 20).replace(KEY, "a wrong key");
        socket.write_all(head.as_bytes()).unwrap();
        // The server may close the connection at any time.
        _ = (0..50).try_for_each(|_| socket.write_all(&part));
        let mut answer = Vec::new();
        _ = socket.read_to_end(&mut answer);
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 403"));
    }
    let grown = host.memory("VmHWM") - before;
    assert!(grown < 32 << 20, "{grown} bytes");
}

const TRAVERSALS: [&str; 20] = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "%2E%2E%2F%2E%2E%2Fetc%2Fpasswd",
    "..%5c..%5c..%5cetc%5cpasswd",
    "%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "..;/..;/etc/passwd",
    "%c0%ae%c0%ae%c0%afetc%c0%afpasswd",
    "%u002e%u002e/etc/passwd",
    "%ef%bc%8e%ef%bc%8e/etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:%2f%2f%2fetc/passwd",
    "....//....//etc/passwd",
    ".%00./etc/passwd",
    "a/../../../etc/passwd",
    "a/%2e%2e/%2e%2e/etc/passwd",
    ".sync/state.json",
    "sync.db",
    "..%2fsync.db",
];

#[test]
fn no_spelling_of_a_path_reaches_a_file_of_the_machine() {
    let host = Host::start();
    host.client().push_files("p", &[("a/b", "x")]).good();
    for path in TRAVERSALS {
        for address in [
            format!("/v1/projects/p/files/{path}"),
            format!("/v1/projects/{path}/files"),
            format!("/v1/projects/{path}/status"),
            format!("/v1/projects/p/history?path={path}"),
            format!("/{path}"),
        ] {
            let mut socket = host.socket();
            let request = format!(
                "GET {address} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\r\n"
            );
            socket.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            socket.read_to_string(&mut answer).unwrap();
            assert!(!answer.starts_with("HTTP/1.1 5"), "{address}: {answer}");
            assert!(
                !answer.contains("root:") && !answer.contains("SQLite format"),
                "{address}"
            );
        }
    }
}

#[test]
fn nothing_that_a_client_sends_becomes_a_header() {
    let host = Host::start();
    let client = host.client();
    let evil = "x\r\nset-cookie: evil=1\r\n\r\n<script>";
    client
        .push_files(&encode("evil\u{2028}set-cookie"), &[("a", "x")])
        .good();
    for address in [
        format!("/v1/projects/{}/status", encode(evil)),
        format!("/v1/projects/p/files/{}", encode(evil)),
        format!("/v1/projects/p/files?since={}", encode(evil)),
        format!("/v1/projects/p/changes?since={}", encode(evil)),
        format!("/v1/projects/p/history?path={}", encode(evil)),
        format!("/{}", encode(evil)),
    ] {
        let headers = [("x-request-id", "a b"), ("origin", "https://evil.example")];
        let answer = client.send("GET", &address, &headers, b"");
        assert_eq!(answer.header("set-cookie"), "", "{address}");
        assert_eq!(
            answer.header("content-type"),
            "application/json",
            "{address}"
        );
        assert_eq!(
            answer.header("x-content-type-options"),
            "nosniff",
            "{address}"
        );
        assert_ne!(answer.header("x-request-id"), "a b");
        assert!(answer.status < 500, "{address}");
    }
}

#[test]
fn no_key_ever_gets_into_the_log() {
    let host = Host::with(&[("LOG_LEVEL", "trace")]);
    let guess = "an-almost-right-key-of-somebody";
    for key in [KEY, guess] {
        host.with_key(Some(key)).get("/v1/projects/p/status");
        let (query, path) = (
            format!("/health?key={key}"),
            format!("/v1/projects/{key}/status"),
        );
        let (bearer, basic) = (format!("bearer {key}"), format!("Basic {key}"));
        for (name, value) in [
            ("authorization", &*bearer),
            ("authorization", &*basic),
            ("x-api-key", key),
            ("cookie", key),
        ] {
            let anonymous = host.anonymous();
            anonymous.send("GET", &query, &[(name, value)], b"");
            anonymous.send("GET", &path, &[(name, value)], b"");
            anonymous.send(
                "POST",
                "/v1/projects/p/sync",
                &[(name, value)],
                key.as_bytes(),
            );
        }
        host.client()
            .send("POST", "/v1/projects/p/sync", &[], key.as_bytes());
        let broken =
            format!("GET /health HTTP/1.1\r\nauthorization: Bearer {key}\r\nbad header\r\n\r\n");
        let mut socket = host.socket();
        socket.write_all(broken.as_bytes()).unwrap();
        _ = socket.read_to_end(&mut Vec::new());
    }
    let (_, log, _) = host.stop();
    assert!(log.lines().count() > 20, "{log}");
    assert!(!log.contains(KEY) && !log.contains(guess), "{log}");
}

#[test]
fn a_value_of_the_wrong_type_in_the_address_is_never_a_server_error() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    for value in [
        "",
        "-1",
        "1e999",
        "NaN",
        "%00",
        "%ff",
        "'",
        "%22",
        "a%20OR%201=1",
        "%5B%5D",
        "9223372036854775808",
        "%F0%9F%94%92",
    ] {
        for parameter in [
            "since", "limit", "content", "after", "before", "path", "rev", "deep", "unknown",
        ] {
            for route in [
                "/v1/projects/p/files",
                "/v1/projects/p/changes",
                "/v1/projects/p/manifest",
                "/v1/projects/p/history",
                "/v1/projects/p/files/a",
                "/v1/projects/p/status",
                "/health",
            ] {
                let address =
                    format!("{route}?{parameter}={value}&path=a&{parameter}%5B%5D={value}");
                let answer = host.client().get(&address);
                assert!(answer.status < 500, "{address}: {}", answer.json);
                assert!(
                    answer.status == 200 || answer.json["error"].is_string(),
                    "{address}"
                );
            }
        }
    }
    assert_eq!(host.client().status("p")["fileCount"], 1);
    assert_eq!(
        Value::Array(host.client().pull_all("p", 10))[0]["path"],
        "a"
    );
}

#[test]
fn an_answer_repeats_little_of_a_head() {
    let host = Host::start();
    let long = "%C3%BC".repeat(10_000);
    for path in [
        format!("/v1/projects/{long}/status"),
        format!("/v1/projects/p/files/.{long}"),
        format!("/v1/projects/p/files/%FF{long}"),
        format!("/{long}"),
    ] {
        let answer = host.anonymous().get(&path);
        assert!((400..500).contains(&answer.status));
        assert!(answer.bytes.len() < 4_000, "{}", answer.bytes.len());
    }
    let encoding = "x".repeat(60_000);
    let answer = host.client().send(
        "POST",
        "/v1/projects/p/sync",
        &[("content-encoding", &encoding)],
        b"{}",
    );
    assert!(answer.bytes.len() < 1_000, "{}", answer.bytes.len());
    answer.failed(415, "unsupported_encoding");
}
