//! Malformed and slow HTTP over raw sockets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::{Host, KEY, file, push_head};

/// Sends bytes and reads until the server closes.
fn exchange(host: &Host, request: &[u8]) -> String {
    converse(host, request, false)
}

/// The same, but closes the sending half.
fn exchange_and_end(host: &Host, request: &[u8]) -> String {
    converse(host, request, true)
}

fn converse(host: &Host, request: &[u8], ends: bool) -> String {
    let mut socket = host.socket();
    // The server may answer and close before it has read everything.
    _ = socket.write_all(request);
    if ends {
        _ = socket.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    let after = |(at, _)| answer.get(at + 9..at + 12);
    answer.match_indices("HTTP/1.").filter_map(after).collect()
}

fn head(line: &str, headers: &str) -> String {
    format!("{line}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n{headers}\r\n")
}

#[test]
fn a_malformed_request_line_or_header_is_refused() {
    let host = Host::start();
    let host_header = "host: x\r\n";
    for (request, allowed) in [
        (head("GET /health HTTP/1.1", ""), &["200", "400"][..]),
        (head("GET /health HTTP/1.0", ""), &["200"]),
        (head("GET /health HTTP/1.0", host_header), &["200"]),
        (head("GET http://x/health HTTP/1.1", host_header), &["200"]),
        (head("GET http://y/health HTTP/1.1", host_header), &["400"]),
        (
            head("GET /health HTTP/1.1", "host: x\r\nhost: y\r\n"),
            &["200", "400"],
        ),
        (head("GET /health HTTP/1.1", "host: a b\r\n"), &["400"]),
        (
            head("GET /health HTTP/1.1", "host: x:99999999\r\n"),
            &["200", "400"],
        ),
        (head("GET /health HTTP/1.1", "host: \r\n"), &["200", "400"]),
        (head("GET /health HTTP/9.9", host_header), &["400", "505"]),
        (head("GET  /health HTTP/1.1", host_header), &["400"]),
        (head("GET /health", host_header), &["400"]),
        (head("/health", host_header), &["400"]),
        (head("get /health HTTP/1.1", host_header), &["405"]),
        (head("BREW /health HTTP/1.1", host_header), &["405"]),
        (head("GET /he\0alth HTTP/1.1", host_header), &["400"]),
        (head("GET /ghi chú HTTP/1.1", host_header), &["400"]),
        (head("GET /ghi-chú HTTP/1.1", host_header), &["400", "404"]),
        (head("GET health HTTP/1.1", host_header), &["400", "404"]),
        (head("GET /%zz HTTP/1.1", host_header), &["400", "404"]),
        (
            head("OPTIONS * HTTP/1.1", host_header),
            &["204", "400", "404"],
        ),
        (
            head("CONNECT x:80 HTTP/1.1", host_header),
            &["400", "404", "405"],
        ),
        (
            head("GET /health HTTP/1.1", "host: x\r\nbad name: x\r\n"),
            &["400"],
        ),
        (
            head("GET /health HTTP/1.1", "host: x\r\nno-colon\r\n"),
            &["400"],
        ),
        (
            head("GET /health HTTP/1.1", "host: x\r\na: b\r\n folded\r\n"),
            &["200", "400"],
        ),
        (
            head("GET /health HTTP/1.1", "host: x\r\na: \0\r\n"),
            &["400"],
        ),
        (
            head("GET /health HTTP/1.1", "host: x\r\nupgrade: h2c\r\n"),
            &["200"],
        ),
        (
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            &["400", "505"],
        ),
        (
            "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03".to_owned(),
            &["400"],
        ),
    ] {
        let answer = exchange(&host, request.as_bytes());
        match statuses(&answer).first() {
            Some(status) => assert!(allowed.contains(status), "{request}\n{answer}"),
            None => assert!(answer.is_empty() && allowed.contains(&"400"), "{request}"),
        }
    }
    assert_eq!(host.anonymous().get("/health").status, 200);
}

#[test]
fn two_hosts_are_refused() {
    let host = Host::start();
    for second in ["x", "y"] {
        let hosts = format!("host: x\r\nhost: {second}\r\n");
        let answer = exchange(&host, head("GET /health HTTP/1.1", &hosts).as_bytes());
        assert_eq!(statuses(&answer), ["400"], "{answer}");
        assert!(answer.contains("\"code\":\"bad_host\""), "{answer}");
    }
}

#[test]
fn a_malformed_or_contradictory_length_stores_nothing() {
    let host = Host::start();
    let body = json!({ "files": [file("a", b"x")] }).to_string();
    let length = body.len();
    let chunked = format!("{length:x}\r\n{body}\r\n0\r\n\r\n");
    for (headers, body) in [
        ("content-length: -1\r\n".to_owned(), &body),
        ("content-length: +5\r\n".to_owned(), &body),
        ("content-length: 0x10\r\n".to_owned(), &body),
        (
            "content-length: 99999999999999999999999\r\n".to_owned(),
            &body,
        ),
        ("content-length: 18446744073709551615\r\n".to_owned(), &body),
        (
            format!(
                "content-length: {length}\r\ncontent-length: {}\r\n",
                length + 1
            ),
            &body,
        ),
        (
            format!("content-length: {length}, {}\r\n", length - 1),
            &body,
        ),
        (format!("content-length: {}\r\n", length + 1), &body),
        (format!("content-length: {}\r\n", length - 1), &body),
        ("transfer-encoding: gzip\r\n".to_owned(), &chunked),
        ("transfer-encoding: chunked, gzip\r\n".to_owned(), &chunked),
        ("transfer-encoding: chunked\r\n".to_owned(), &body),
        (
            "transfer-encoding: chunked\r\n".to_owned(),
            &"ffffffffffffffffff\r\nx".to_owned(),
        ),
        (
            "transfer-encoding: chunked\r\n".to_owned(),
            &"-1\r\nx\r\n0\r\n\r\n".to_owned(),
        ),
        (
            "transfer-encoding: chunked\r\n".to_owned(),
            &chunked.replace("\r\n0\r\n", "\r\n"),
        ),
        (
            "transfer-encoding: chunked\r\n".to_owned(),
            &chunked.replace("0\r\n\r\n", ""),
        ),
        (
            "transfer-encoding: chunked\r\n".to_owned(),
            &format!("{}\r\n{body}\r\n0\r\n\r\n", "0".repeat(100_000)),
        ),
        ("".to_owned(), &body),
    ] {
        let line = "POST /v1/projects/p/sync HTTP/1.1\r\nhost: x";
        let answer = exchange_and_end(&host, (head(line, &headers) + body.as_str()).as_bytes());
        let first = statuses(&answer).first().copied().unwrap_or("400");
        assert!(
            matches!(first, "400" | "411" | "413" | "431" | "501"),
            "{headers}\n{answer}"
        );
    }
    assert_eq!(host.client().status("p")["fileCount"], 0);
}

/// The answer of a connection that ends with it, like that to any other failure.
fn refusal(answer: &str) -> (&str, Value) {
    let [status] = statuses(answer)[..] else {
        panic!("not one answer: {answer}")
    };
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let has = |header: &str| assert!(head.contains(header), "{answer}");
    has(&format!("\r\ncontent-length: {}", body.len()));
    has("\r\ncontent-type: application/json");
    has("\r\nconnection: close");
    has("\r\nx-request-id: ");
    has("\r\ndate: ");
    (status, serde_json::from_str(body).unwrap())
}

#[test]
fn what_is_no_request_is_told_why() {
    let host = Host::start();
    let with = |headers: &str| head("GET /health HTTP/1.1", &format!("host: x\r\n{headers}\r\n"));
    let line = |line: &str| head(line, "host: x\r\n");
    let head_of = |bytes: usize| with(&format!("x: {}", "y".repeat(bytes)));
    for (request, status, code) in [
        (line("GET  /health HTTP/1.1"), "400", "bad_request"),
        (line("GET /health"), "400", "bad_request"),
        (line("/health"), "400", "bad_request"),
        (line("GET /he\0alth HTTP/1.1"), "400", "bad_request"),
        (with("no-colon"), "400", "bad_request"),
        (with("bad name: x"), "400", "bad_request"),
        (with("a: \0"), "400", "bad_request"),
        (with("transfer-encoding: gzip"), "400", "bad_request"),
        (with("content-length: -1"), "400", "bad_request"),
        (with("content-length: 5, 6"), "400", "bad_request"),
        (
            with("content-length: 18446744073709551614"),
            "400",
            "bad_request",
        ),
        (
            with("content-length: 18446744073709551615") + "{\"files\":[]}",
            "400",
            "bad_request",
        ),
        (
            with("content-length: 18446744073709551616"),
            "400",
            "bad_request",
        ),
        (with(&"a: b\r\n".repeat(200)), "431", "head_too_large"),
        (head_of(1 << 20), "431", "head_too_large"),
        (
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            "505",
            "http_version",
        ),
        (
            "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03".to_owned(),
            "400",
            "bad_request",
        ),
    ] {
        let answer = exchange(&host, request.as_bytes());
        let shown = &request[..request.len().min(200)];
        let (seen, failure) = refusal(&answer);
        assert_eq!((seen, &failure["code"]), (status, &json!(code)), "{shown}");
        assert_eq!(failure["retryable"], false, "{shown}");
        assert!(failure["error"].as_str().unwrap().ends_with('.'), "{shown}");
    }
}

#[test]
fn what_is_no_request_is_told_why_after_others_too() {
    let host = Host::start();
    let good = "GET /health HTTP/1.1\r\nhost: x\r\n\r\n";
    let requests = good.repeat(3) + "no request\r\n\r\n";
    let answer = exchange(&host, requests.as_bytes());
    assert_eq!(statuses(&answer), ["200", "200", "200", "400"]);
    let (_, failure) = refusal(&answer[answer.rfind("HTTP/1.1").unwrap()..]);
    assert_eq!(failure["code"], "bad_request");
}

#[test]
fn a_body_that_is_broken_is_told_so() {
    let host = Host::start();
    let line = "POST /v1/projects/p/sync HTTP/1.1\r\nhost: x";
    for body in ["-1\r\nx\r\n0\r\n\r\n", "zz\r\n", "ffffffffffffffffff\r\nx"] {
        let head = head(line, "transfer-encoding: chunked\r\n");
        let answer = exchange_and_end(&host, (head + body).as_bytes());
        let (status, failure) = refusal(&answer);
        assert_eq!(
            (status, &failure["code"]),
            ("400", &json!("body_cut_short"))
        );
    }
}

#[test]
fn a_length_that_is_none_is_a_bad_request() {
    let host = Host::start();
    for lengths in [
        "content-length: -1\r\n",
        "content-length: 18446744073709551614\r\n",
        "content-length: 18446744073709551615\r\n",
        "content-length: 18446744073709551616\r\n",
        "content-length: 99999999999999999999999\r\n",
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5, 6\r\n",
    ] {
        let line = "POST /v1/projects/p/sync HTTP/1.1\r\nhost: x";
        let answer = exchange_and_end(&host, (head(line, lengths) + "{}").as_bytes());
        assert_eq!(statuses(&answer), ["400"], "{lengths}");
    }
}

#[test]
fn a_request_is_never_hidden_in_the_body_of_another() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let hidden = head("DELETE /v1/projects/p HTTP/1.1", "host: x\r\n");
    let body = format!("0\r\n\r\n{hidden}");
    for headers in [
        format!(
            "transfer-encoding: chunked\r\ncontent-length: {}\r\n",
            body.len()
        ),
        format!(
            "content-length: {}\r\ntransfer-encoding: chunked\r\n",
            body.len()
        ),
        format!(
            "content-length: {}\r\ntransfer-encoding : chunked\r\n",
            body.len()
        ),
        format!(
            "content-length: {}\r\ntransfer-encoding: xchunked\r\n",
            body.len()
        ),
        format!("content-length: {}\r\n", body.len()),
    ] {
        let line = "POST /v1/projects/q/sync HTTP/1.1\r\nhost: x";
        let answer = exchange_and_end(&host, (head(line, &headers) + body.as_str()).as_bytes());
        let seen = statuses(&answer);
        assert!(
            seen.len() <= 1 && seen.iter().all(|status| *status == "400"),
            "{headers}\n{answer}"
        );
        assert_eq!(host.client().status("p")["fileCount"], 1, "{headers}");
    }
}

#[test]
fn chunks_of_any_size_make_a_body() {
    let host = Host::start();
    for size in [1, 7, 100_000] {
        let body = json!({ "files": [file(&format!("f{size}"), b"x")] }).to_string();
        let line = "POST /v1/projects/p/sync HTTP/1.1\r\nhost: x";
        let mut request = head(line, "transfer-encoding: chunked\r\n");
        for chunk in body.as_bytes().chunks(size) {
            let text = std::str::from_utf8(chunk).unwrap();
            request += &format!("{:X};extension=1\r\n{text}\r\n", chunk.len());
        }
        request += "0\r\ntrailer: x\r\n\r\n";
        let answer = exchange(&host, request.as_bytes());
        assert_eq!(statuses(&answer), ["200"], "{answer}");
    }
    assert_eq!(host.client().status("p")["fileCount"], 3);
}

#[test]
fn requests_sent_at_once_are_answered_in_their_order() {
    let host = Host::start();
    let body = json!({ "files": [file("a", b"x")] }).to_string();
    let mut requests = push_head("p", body.len()) + body.as_str();
    requests += &head("GET /v1/projects/p/status HTTP/1.1", "host: x\r\n");
    requests += &head("GET /nowhere HTTP/1.1", "host: x\r\n");
    requests += &head("DELETE /v1/projects/p HTTP/1.1", "host: x\r\n");
    requests += &head("GET /v1/projects/p/status HTTP/1.1", "host: x\r\n");
    let (all_but_last, last) = requests.split_at(requests.rfind("GET").unwrap());
    let requests = all_but_last.replace("connection: close\r\n", "") + last;
    let answer = exchange(&host, requests.as_bytes());
    assert_eq!(statuses(&answer), ["200", "200", "404", "200", "200"]);
    let (first, last) = (
        answer.find("\"fileCount\":1"),
        answer.find("\"fileCount\":0"),
    );
    assert!(first.is_some() && first < last, "{answer}");
}

#[test]
fn continue_is_sent_only_with_the_key() {
    let host = Host::start();
    let body = json!({ "files": [file("a", b"x")] }).to_string();
    let expect = |head: String| head.replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n");
    let mut socket = host.socket();
    socket
        .write_all(expect(push_head("p", body.len())).as_bytes())
        .unwrap();
    let mut go_on = [0; 25];
    socket.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(body.as_bytes()).unwrap();
    let mut start = [0; 12];
    socket.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");

    let mut socket = host.socket();
    let stranger = expect(push_head("p", body.len())).replace(KEY, "a wrong key");
    socket.write_all(stranger.as_bytes()).unwrap();
    socket.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 403");
}

#[test]
fn a_head_too_large_is_refused_early() {
    let host = Host::start();
    let many: String = (0..3000).map(|i| format!("x-header-{i}: y\r\n")).collect();
    for (request, allowed) in [
        (
            head(
                "GET /health HTTP/1.1",
                &format!("host: x\r\nx: {}\r\n", "y".repeat(1 << 20)),
            ),
            "431",
        ),
        (
            head("GET /health HTTP/1.1", &format!("host: x\r\n{many}")),
            "431",
        ),
        (
            head(
                &format!("GET /{} HTTP/1.1", "y".repeat(1 << 20)),
                "host: x\r\n",
            ),
            "414 431",
        ),
        (
            head(
                &format!("GET /health?{} HTTP/1.1", "a=b&".repeat(100_000)),
                "host: x\r\n",
            ),
            "414 431",
        ),
    ] {
        let answer = exchange(&host, request.as_bytes());
        // A reset may discard an answer that was sent.
        let status = statuses(&answer).first().copied();
        assert!(
            status.is_none_or(|status| allowed.contains(status)),
            "{answer}"
        );
    }
    let mut socket = host.socket();
    let request = head(
        "GET /health HTTP/1.1",
        &format!("host: x\r\nx: {}", "y".repeat(80_000)),
    );
    _ = socket.write_all(request.as_bytes());
    let mut start = [0; 12];
    socket.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 431");
}

#[test]
fn slow_clients_delay_nobody() {
    let host = Host::start();
    let mut slow: Vec<_> = (0..300).map(|_| host.socket()).collect();
    let began = Instant::now();
    for (turn, byte) in b"GET /health HTTP/1.1\r\nhost: x\r\nx".iter().enumerate() {
        for socket in &mut slow {
            socket.write_all(&[*byte]).unwrap();
        }
        host.client()
            .push_files("p", &[(&format!("f{turn}"), "x")])
            .good();
    }
    // As many slow bodies as there are instances.
    for socket in &mut slow[..60] {
        socket.write_all(b": y\r\n\r\n").unwrap();
        socket
            .write_all((push_head("q", 1000) + "{").as_bytes())
            .unwrap();
    }
    for turn in 0..20 {
        host.client()
            .push_files("p", &[(&format!("g{turn}"), "x")])
            .good();
    }
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
#[ignore = "takes the half minute that is its subject"]
fn a_head_that_never_ends_is_cut_off() {
    let host = Host::start();
    let mut socket = host.socket();
    socket
        .write_all(b"GET /health HTTP/1.1\r\nhost: x")
        .unwrap();
    let began = Instant::now();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!((10..60).contains(&began.elapsed().as_secs()));
    let (status, failure) = refusal(&answer);
    assert_eq!((status, &failure["code"]), ("408", &json!("timeout")));
}

#[test]
fn slow_uploads_block_no_other_request() {
    let host = Host::start();
    let slow = |_| {
        let mut socket = host.socket();
        socket
            .write_all(push_head("p", 1000).as_bytes())
            .and_then(|()| socket.write_all(b"{"))
            .unwrap();
        socket
    };
    let uploads: Vec<_> = (0..100).map(slow).collect();
    let began = Instant::now();
    host.anonymous().get("/health").good();
    host.client().pull("p", "");
    assert!(began.elapsed() < Duration::from_secs(20));
    drop(uploads);
}

/// Pushes of a few bytes and of some megabytes are answered while these connections stay open.
fn can_push_beside(host: &Host, _open: &[TcpStream]) {
    let large = "x".repeat(6 << 20);
    for turn in 0..5 {
        let began = Instant::now();
        for content in ["x", &large] {
            let path = format!("f{turn}");
            host.client().push_files("p", &[(&path, content)]).good();
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{turn}");
    }
}

fn open_with(host: &Host, connections: usize, sent: &str) -> Vec<TcpStream> {
    let connect = |_| {
        let mut socket = host.socket();
        socket.write_all(sent.as_bytes()).unwrap();
        socket
    };
    (0..connections).map(connect).collect()
}

#[test]
fn bodies_that_are_only_announced_take_no_memory_from_others() {
    let host = Host::start();
    let (announced, chunked) = (push_head("p", 100 << 20), "transfer-encoding: chunked");
    let length = format!("content-length: {}", 100 << 20);
    for head in [
        announced.replace(KEY, "a wrong key"),
        announced.clone(),
        announced.replace(&length, chunked),
    ] {
        let open = open_with(&host, 300, &head);
        can_push_beside(&host, &open);
    }
}

#[test]
fn uploads_that_trickle_delay_no_push() {
    let host = Host::start();
    let head = push_head("p", 1000) + "{";
    let mut open = open_with(&host, 200, &head);
    for socket in &mut open {
        socket.write_all(b" ").unwrap();
    }
    can_push_beside(&host, &open);
}

#[test]
fn large_uploads_that_stop_half_way_give_their_memory_to_others() {
    let host = Host::start();
    let head = push_head("p", 100 << 20);
    let part = " ".repeat(90 << 20);
    let mut open = open_with(&host, 2, &(head.clone() + &part));
    // No more than this fits beside the two.
    let mut third = host.socket();
    third
        .set_write_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    third.write_all((head + &part).as_bytes()).unwrap();
    open.push(third);
    can_push_beside(&host, &open);
}
