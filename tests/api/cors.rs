//! CORS, and the headers of every answer.

use support::Host;

#[test]
fn any_origin_may_read_by_default_errors_too() {
    let host = Host::start();
    for path in ["/health", "/v1/projects/p/status", "/nope"] {
        let answer = host.anonymous().get(path);
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        assert!(
            answer
                .header("access-control-expose-headers")
                .contains("etag")
        );
    }
}

#[test]
fn a_preflight_needs_no_key_and_is_not_counted() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "1")]);
    for _ in 0..3 {
        let answer = host.anonymous().send(
            "OPTIONS",
            "/v1/projects/p/sync",
            &[("origin", "https://a")],
            b"",
        );
        assert_eq!((answer.status, answer.bytes.len()), (204, 0));
        assert!(
            answer
                .header("access-control-allow-methods")
                .contains("POST")
        );
        assert!(
            answer
                .header("access-control-allow-headers")
                .to_lowercase()
                .contains("authorization")
        );
    }
    host.client().get("/v1/projects/p/status").good();
}

#[test]
fn a_page_may_send_and_read_every_header_of_the_protocol() {
    let host = Host::start();
    let answer = host.anonymous().send("OPTIONS", "/v1/info", &[], b"");
    let list = |text: &str| -> Vec<String> {
        let names = text.to_lowercase();
        names
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect()
    };
    let (sent, read) = (
        list(answer.header("access-control-allow-headers")),
        list(answer.header("access-control-expose-headers")),
    );
    for name in [
        "authorization",
        "x-api-key",
        "content-encoding",
        "if-none-match",
        "x-device",
        "x-request-id",
    ] {
        assert!(sent.iter().any(|sent| sent == name), "{name}");
    }
    for name in [
        "etag",
        "retry-after",
        "ratelimit-remaining",
        "x-request-id",
        "x-rev",
    ] {
        assert!(read.iter().any(|read| read == name), "{name}");
    }
}

#[test]
fn a_page_may_send_any_header_that_it_asks_for() {
    let host = Host::start();
    let preflight = |asked: &str| {
        let headers = [
            ("origin", "https://a"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", asked),
        ];
        let answer = host
            .anonymous()
            .send("OPTIONS", "/v1/projects/p/sync", &headers, b"");
        assert_eq!(answer.status, 204);
        let vary = answer.header("vary");
        assert!(vary.contains("access-control-request-headers"), "{vary}");
        answer.header("access-control-allow-headers").to_owned()
    };
    let asked = "authorization,x-requested-with,traceparent";
    assert_eq!(preflight(asked), asked);
    let long = "x".repeat(10_000);
    for no_list in ["a b", "\"", &long] {
        assert!(preflight(no_list).contains("Authorization"), "{no_list}");
    }
}

#[test]
fn only_a_listed_origin_is_echoed() {
    let host = Host::with(&[("CORS_ORIGINS", "https://a, https://b")]);
    let origin = |origin: &str| {
        host.anonymous()
            .send("GET", "/health", &[("origin", origin)], b"")
    };
    assert_eq!(
        origin("https://b").header("access-control-allow-origin"),
        "https://b"
    );
    assert_eq!(
        origin("https://evil").header("access-control-allow-origin"),
        ""
    );
    assert!(origin("https://evil").header("vary").contains("origin"));
}

#[test]
fn an_origin_matches_however_the_operator_writes_it() {
    let host = Host::with(&[("CORS_ORIGINS", "https://Notes.Example/, HTTP://b:80")]);
    for origin in ["https://notes.example", "http://b"] {
        let answer = host
            .anonymous()
            .send("GET", "/health", &[("origin", origin)], b"");
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
}

#[test]
fn every_answer_is_json_with_an_id_and_the_security_headers() {
    let host = Host::start();
    for (client, method, path) in [
        (host.anonymous(), "GET", "/health"),
        (host.anonymous(), "GET", "/nope"),
        (host.anonymous(), "PATCH", "/health"),
        (host.anonymous(), "GET", "/v1/projects/p/files"),
        (host.client(), "GET", "/v1/projects/p/files"),
    ] {
        let answer = client.send(method, path, &[], b"");
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "SAMEORIGIN"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), value, "{method} {path}");
        }
        assert_eq!(
            answer.header("content-length"),
            answer.bytes.len().to_string()
        );
        assert_eq!(answer.header("x-request-id").len(), 16);
        assert!(answer.json.is_object());
    }
}

#[test]
fn the_clients_request_id_comes_back() {
    let host = Host::start();
    let answer = host
        .anonymous()
        .send("GET", "/health", &[("x-request-id", "laptop-7")], b"");
    assert_eq!(answer.header("x-request-id"), "laptop-7");
}
