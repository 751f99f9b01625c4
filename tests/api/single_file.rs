//! `GET /v1/projects/:id/files/<path>`

use serde_json::json;

use support::{Answer, Client, Host, encode, first_rev, sha256};

fn get(client: &Client, path: &str) -> Answer {
    let segments: Vec<String> = path.split('/').map(encode).collect();
    client.ask("p", &format!("files/{}", segments.join("/")))
}

#[test]
fn a_file_comes_as_the_bytes_it_is() {
    let host = Host::start();
    let client = host.client();
    let large = "line\r\n".repeat(100_000);
    for (path, text) in [
        ("a.md", "text"),
        ("empty.md", ""),
        ("large.md", &large),
        ("ghi chú/🔒 ü.md", "ü\u{0}\u{2028}"),
        ("100%/a+b&c=d?e#f;g@h:i.md", "odd"),
        ("%2e%2e/x", "not what it looks like"),
        ("deep/er/and/deeper", "x"),
        ("files", "named like an address"),
    ] {
        let rev = first_rev(client.push_files("p", &[(path, text)]));
        let answer = get(&client, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.json);
        assert!(answer.bytes == text.as_bytes(), "{path}");
        assert_eq!(answer.header("content-length"), text.len().to_string());
        assert_eq!(answer.header("x-rev"), rev.to_string());
        let checksum = format!("\"{}\"", sha256(text.as_bytes()));
        assert_eq!(answer.header("etag"), checksum);
    }
}

#[test]
fn a_browser_saves_a_file_and_never_runs_it() {
    let host = Host::start();
    let client = host.client();
    for path in ["page.html", "ghi chú/\"; x=y\".svg", "a\u{202e}b.md"] {
        client
            .push_files("p", &[(path, "<script>alert(1)</script>")])
            .good();
        let answer = get(&client, path);
        let kind = answer.header("content-type");
        assert!(
            kind.starts_with("application/octet-stream") || kind.starts_with("text/markdown"),
            "{kind}"
        );
        let disposition = answer.header("content-disposition");
        let name = disposition
            .strip_prefix("attachment; filename*=UTF-8''")
            .unwrap();
        assert!(!name.contains(['"', ';', ' ', '/']), "{disposition}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[test]
fn an_older_version_comes_by_its_rev() {
    let host = Host::start();
    let client = host.client();
    let first = first_rev(client.push_files("p", &[("a", "one"), ("b", "other")]));
    let second = first_rev(client.push_files("p", &[("a", "two")]));
    let delete = json!({ "files": [], "deletions": ["a"] });
    let deletion = first_rev(client.push("p", &delete));
    for (rev, text) in [(first, "one"), (second, "two")] {
        let answer = client.ask("p", &format!("files/a?rev={rev}"));
        assert_eq!((answer.status, &answer.bytes[..]), (200, text.as_bytes()));
        assert_eq!(answer.header("x-rev"), rev.to_string());
        let checksum = format!("\"{}\"", sha256(text.as_bytes()));
        assert_eq!(answer.header("etag"), checksum);
    }
    for rev in [deletion, first + 1, second + 1, 1, -1, i64::MAX] {
        client
            .ask("p", &format!("files/a?rev={rev}"))
            .failed(404, "not_found");
    }
    for rev in ["abc", "1.5", "99999999999999999999", "0x1"] {
        let answer = client.ask("p", &format!("files/a?rev={rev}"));
        assert!(matches!(answer.status, 400 | 404), "{rev}");
    }
    client.ask("p", "files/a").failed(404, "not_found");
}

#[test]
fn a_missing_file_is_not_found() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("folder/a", "x")]).good();
    for path in ["b", "folder", "folder/a/b", "folder/A", "FOLDER/a"] {
        get(&client, path).failed(404, "not_found");
    }
    client
        .ask("unknown", "files/folder/a")
        .failed(404, "not_found");
}

#[test]
fn head_has_the_headers_of_get() {
    let host = Host::start();
    let client = host.client();
    client.push_files("p", &[("a.md", "text")]).good();
    let path = "/v1/projects/p/files/a.md";
    let (get, head) = (client.get(path), client.send("HEAD", path, &[], b""));
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    for header in [
        "content-length",
        "content-type",
        "etag",
        "x-rev",
        "content-disposition",
    ] {
        assert!(!get.header(header).is_empty(), "{header}");
        assert_eq!(head.header(header), get.header(header));
    }
    let missing = client.send("HEAD", "/v1/projects/p/files/b.md", &[], b"");
    assert_eq!((missing.status, missing.bytes.len()), (404, 0));
}

#[test]
fn a_file_that_a_device_has_is_not_sent_again() {
    let host = Host::start();
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "one")]));
    let ask = |checksum: &str| {
        let tag = format!("\"{checksum}\"");
        let headers = [("if-none-match", tag.as_str())];
        client.send("GET", "/v1/projects/p/files/a", &headers, b"")
    };
    let answer = ask(&sha256(b"one"));
    assert_eq!((answer.status, answer.bytes.len()), (304, 0));
    assert_eq!(answer.header("x-rev"), rev.to_string());
    assert_eq!(ask(&sha256(b"two")).bytes, b"one");
    client.push_files("p", &[("a", "two")]).good();
    assert_eq!(ask(&sha256(b"one")).bytes, b"two");
}

#[test]
fn a_file_needs_the_key_and_takes_no_other_method() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "secret")]).good();
    let path = "/v1/projects/p/files/a";
    host.anonymous().get(path).failed(401, "unauthenticated");
    for method in ["PUT", "DELETE", "POST", "PATCH"] {
        let answer = host.client().send(method, path, &[], b"");
        assert_eq!(answer.header("allow"), "GET, HEAD");
        answer.failed(405, "method_not_allowed");
    }
}
