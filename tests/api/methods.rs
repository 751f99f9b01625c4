//! Methods and answers of every address.

use serde_json::json;

use support::{Host, file, first_rev};

const READABLE: [&str; 8] = [
    "/v1/info",
    "/v1/projects",
    "/v1/projects/p/files",
    "/v1/projects/p/files/a",
    "/v1/projects/p/changes?content=1",
    "/v1/projects/p/status",
    "/v1/projects/p/manifest",
    "/v1/projects/p/history?path=a",
];

#[test]
fn head_answers_as_get_without_a_body_everywhere() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    for address in READABLE {
        let get = host.client().get(address);
        let head = host.client().send("HEAD", address, &[], b"");
        assert_eq!((get.status, head.status), (200, 200), "{address}");
        assert_eq!(head.bytes, b"", "{address}");
        for header in ["content-length", "content-type", "etag"] {
            assert_eq!(head.header(header), get.header(header), "{address}");
        }
        assert_eq!(get.header("content-length"), get.bytes.len().to_string());
    }
}

#[test]
fn a_method_that_is_not_allowed_is_answered_with_the_allowed_ones() {
    let host = Host::start();
    for (allowed, addresses) in [
        ("GET, HEAD", &READABLE[..]),
        ("DELETE", &["/v1/projects/p"]),
        (
            "POST",
            &[
                "/v1/projects/p/sync",
                "/v1/projects/p/diff",
                "/v1/projects/p/restore",
                "/v1/projects/p/purge",
            ],
        ),
    ] {
        for address in addresses {
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"] {
                if allowed.split(", ").any(|allowed| allowed == method) {
                    continue;
                }
                let answer = host.client().send(method, address, &[], b"");
                assert_eq!(answer.status, 405, "{method} {address}");
                assert_eq!(answer.header("allow"), allowed, "{method} {address}");
            }
        }
    }
}

#[test]
fn every_answer_is_ascii_whatever_the_names_are() {
    let host = Host::start();
    let client = host.client();
    let body = json!({
        "files": [file("ghi chú/🔒\u{2028}.md", "ü".as_bytes())],
        "metadata": { "name": "Ghi chú 🔒", "gitRepo": "https://example.org/ü" },
    });
    let headers = [("x-device", "m\u{e1}y")];
    let sync = "/v1/projects/ghi%20ch%C3%BA/sync";
    let pushed = client.send("POST", sync, &headers, body.to_string().as_bytes());
    assert!(pushed.bytes.is_ascii());
    let rev = first_rev(pushed);
    let path = "ghi chú/🔒\u{2028}.md";
    let restore = json!({ "path": path, "rev": rev });
    let local = json!({ "files": [{ "path": path, "checksum": "0".repeat(64) }] });
    let project = "/v1/projects/ghi%20ch%C3%BA";
    let mut bad = file(path, b"x");
    bad["checksum"] = json!("");
    for answer in [
        client.get("/v1/projects"),
        client.get(&format!("{project}/changes")),
        client.get(&format!("{project}/manifest")),
        client.get(&format!("{project}/history?path={}", support::encode(path))),
        client.get(&format!("{project}/files/%C3%BC")),
        client.post(&format!("{project}/restore"), &restore),
        client.post(&format!("{project}/diff"), &local),
        client.post(sync, &json!({ "files": [bad] })),
    ] {
        let text = String::from_utf8_lossy(&answer.bytes);
        assert!(answer.bytes.is_ascii(), "{text}");
        assert!(answer.json.is_object(), "{text}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(
            answer.header("content-length"),
            answer.bytes.len().to_string()
        );
        assert!(!answer.header("x-request-id").is_empty());
    }
    let manifest = client.get(&format!("{project}/manifest")).json;
    assert_eq!(manifest["files"][0]["path"], path);
}
