//! The dashboard: its addresses, its headers, and what its pages show of names that others chose.

use serde_json::json;

use support::{Host, KEY, Page, file};

use super::keys::make;

/// What no text of others may become.
pub const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus='alert(1)",
    "x\u{202e}cod.exe",
    "{{ frame.title }}",
    "a&lt;b",
];

/// Fails if a page holds HTML that is not its own, or a character that is not seen.
pub fn assert_harmless(page: &Page) {
    // What a field holds is neither HTML nor a part of the text around it.
    let mut fields = page.html.split(" value=\"");
    let first = fields.next().unwrap_or_default().to_owned();
    let html = fields.fold(first, |html, field| {
        html + field.split_once('"').expect("its end").1
    });
    for part in ["<script>", "<img", "onfocus='", "\u{202e}", "javascript:"] {
        let shown = html.replace("javascript:alert", "");
        assert!(!shown.contains(part), "{part} in {html}");
    }
    assert!(!html.contains("href=\"javascript"));
    // One script, from this server.
    assert_eq!(html.matches("<script").count(), 1);
}

#[test]
fn the_root_leads_browsers_to_the_dashboard_and_tells_programs_what_this_is() {
    let host = Host::start();
    let answer = host.browser().get("/");
    assert_eq!(answer.leads_to(), "/dashboard");
    assert_eq!(answer.header("vary"), "accept");
    assert_eq!(host.anonymous().get("/").good()["openapi"], "/openapi.json");
}

#[test]
fn the_dashboard_can_be_switched_off() {
    let host = Host::with(&[("DASHBOARD", "off")]);
    let browser = host.browser();
    let root = browser.get("/").good();
    assert!(root.html.contains("/openapi.json"));
    for path in [
        "/dashboard",
        "/dashboard/sign-in",
        "/dashboard/assets/style.css",
    ] {
        let answer = browser.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    assert_eq!(browser.sign_in(KEY).status, 404);
}

#[test]
fn every_page_has_the_headers_of_a_document() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    for path in [
        "/dashboard",
        "/dashboard/sign-in",
        "/dashboard/nope",
        "/Dashboard/",
    ] {
        let page = browser.get(path);
        let policies: Vec<_> = page
            .headers
            .get_all("content-security-policy")
            .iter()
            .collect();
        assert_eq!(policies.len(), 1);
        let policy = page.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
            "base-uri 'none'",
            "script-src 'self'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains("http"));
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("content-type", "text/html; charset=utf-8"),
            // No page of another origin reads it, whatever CORS_ORIGINS says.
            ("access-control-allow-origin", ""),
        ] {
            assert_eq!(page.header(name), value, "{path} {name}");
        }
        assert_eq!(page.header("x-request-id").len(), 16);
        // Neither a style nor a handler in the page, which the policy would stop.
        assert!(!page.html.contains(" style=") && !page.html.contains("<style"));
    }
    assert_eq!(browser.get("/dashboard/nope").status, 404);
    let wrong = browser.send("DELETE", "/dashboard", &[], "");
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET, HEAD"));
}

#[test]
fn assets_are_kept_for_ever_under_the_hash_of_their_content() {
    let host = Host::start();
    let browser = host.browser();
    let page = browser.get("/dashboard/sign-in").good();
    let mut assets = page
        .html
        .split('"')
        .filter(|text| text.starts_with("/dashboard/assets/"));
    let assets: Vec<&str> = assets.by_ref().collect();
    assert_eq!(assets.len(), 3);
    for address in assets {
        let asset = browser.get(address).good();
        let kept = "public, max-age=31536000, immutable";
        assert_eq!(asset.header("cache-control"), kept);
        assert!(
            asset.bytes.len() < 20_000,
            "{address}: {}",
            asset.bytes.len()
        );
        assert_eq!(asset.header("x-content-type-options"), "nosniff");
        if !address.ends_with(".svg") {
            let small = browser.send("GET", address, &[("accept-encoding", "gzip")], "");
            assert_eq!(small.header("content-encoding"), "gzip");
            assert!(small.bytes.len() < asset.bytes.len());
        }
    }
    assert_eq!(browser.get("/dashboard/assets/style.0.css").status, 404);
}

#[test]
fn the_first_page_says_how_to_connect_a_device() {
    let host = Host::start();
    let page = host.signed_in(KEY).get("/dashboard").good();
    let line = format!(
        "kami sync-db setup --backend <span data-origin>{}</span>",
        host.url
    );
    assert!(page.html.contains(&line), "{}", page.html);
}

#[test]
fn projects_are_shown_with_what_is_in_them() {
    let host = Host::start();
    let push = json!({
        "metadata": { "name": "Diary", "gitRepo": "https://git.example/ann/diary.git" },
        "files": [file("a", &[b'x'; 3000]), file("what?.md", b"y")],
    });
    let headers = [
        ("x-device", "Ann’s laptop"),
        ("content-type", "application/json"),
    ];
    let client = host.client();
    let body = push.to_string();
    client
        .send("POST", "/v1/projects/notes/sync", &headers, body.as_bytes())
        .good();
    let page = host.signed_in(KEY).get("/dashboard").good();
    for part in [
        "<bdi>Diary</bdi>",
        "<bdi>notes</bdi>",
        "href=\"https://git.example/ann/diary.git\"",
        ">2</td>",
        "2.9 KiB",
        "<bdi>Ann’s laptop</bdi>",
        "<time datetime=\"",
        "1 name that some system cannot write",
    ] {
        assert!(page.html.contains(part), "{part} in {}", page.html);
    }
}

#[test]
fn a_key_sees_its_own_projects_only() {
    let host = Host::start();
    for project in ["own", "secret"] {
        host.client().push_files(project, &[("a", "x")]).good();
    }
    let made = json!({ "name": "phone", "scope": "read", "projects": ["own"] });
    let made = make(&host, &made);
    let page = host
        .signed_in(made["key"].as_str().unwrap())
        .get("/dashboard")
        .good();
    assert!(page.html.contains("<bdi>own</bdi>") && !page.html.contains("secret"));
    assert!(page.html.contains("<bdi>phone</bdi>"));
}

#[test]
fn names_of_others_are_text_and_nothing_else() {
    let host = Host::start();
    for (number, hostile) in HOSTILE.iter().enumerate() {
        let push = json!({
            "metadata": { "name": hostile, "gitRepo": format!("javascript:alert(1)//{hostile}") },
            "files": [file("a", b"x")],
        });
        let device = hostile.replace('\u{202e}', "\u{2066}");
        let headers = [
            ("x-device", device.as_str()),
            ("content-type", "application/json"),
        ];
        let path = format!("/v1/projects/p{number}/sync");
        host.client()
            .send("POST", &path, &headers, push.to_string().as_bytes())
            .good();
    }
    for hostile in HOSTILE.iter().filter(|name| !name.contains('/')) {
        let client = host.client();
        client
            .push_files(&support::encode(hostile), &[("a", "x")])
            .good();
    }
    let page = host.signed_in(KEY).get("/dashboard").good();
    assert_harmless(&page);
    assert!(page.html.contains("&lt;script&gt;") && page.html.contains("U+202E"));
    let made = make(&host, &json!({ "name": HOSTILE[1], "scope": "read" }));
    assert_harmless(
        &host
            .signed_in(made["key"].as_str().unwrap())
            .get("/dashboard")
            .good(),
    );
    let next = format!("/dashboard/sign-in?next={}", support::encode(HOSTILE[1]));
    assert_harmless(&host.browser().get(&next).good());
    let at = format!("/dashboard/{}", support::encode(HOSTILE[0]));
    assert_harmless(&host.browser().get(&at));
}

#[test]
fn a_page_of_many_projects_is_small_and_leads_on() {
    let host = Host::start();
    for number in 0..120 {
        let long =
            json!({ "name": "n".repeat(256), "gitRepo": format!("https://{}", "r".repeat(2000)) });
        let push = json!({ "metadata": long, "files": [] });
        host.client()
            .push(&format!("{number:03}{}", "p".repeat(190)), &push)
            .good();
    }
    let browser = host.signed_in(KEY);
    let first = browser.get("/dashboard").good();
    assert!(first.bytes.len() < 200_000, "{}", first.bytes.len());
    assert_eq!(first.html.matches("<tr>").count(), 51);
    let (_, next) = first.html.split_once("href=\"/dashboard?before=").unwrap();
    let next = format!("/dashboard?before={}", next.split('"').next().unwrap());
    let second = browser.get(&next).good();
    assert_eq!(second.html.matches("<tr>").count(), 51);
    let none = browser.get("/dashboard?before=0.0").good();
    assert!(none.html.contains("There are no more projects"));
}

/// The names of the projects of a page, in its order.
fn listed(page: &Page) -> Vec<String> {
    let names = page.html.split("class=\"entry name\"").skip(1);
    let name = |row: &str| {
        let (_, name) = row.split_once("<bdi>").unwrap();
        name.split_once("</bdi>").unwrap().0.to_owned()
    };
    names.map(name).collect()
}

#[test]
fn the_last_changed_project_comes_first_and_each_is_found_by_its_name() {
    let host = Host::start();
    for (id, name) in [("a", "Diary"), ("b", "Été"), ("c", "Recipes")] {
        let push = json!({ "metadata": { "name": name }, "files": [file("x", b"x")] });
        host.client().push(id, &push).good();
    }
    host.client().push_files("a", &[("x", "changed")]).good();
    let browser = host.signed_in(KEY);
    let page = |query: &str| browser.get(&format!("/dashboard{query}")).good();
    assert_eq!(listed(&page("")), ["Diary", "Recipes", "Été"]);
    assert_eq!(listed(&page("?q=DIA")), ["Diary"]);
    assert_eq!(listed(&page("?q=%C3%A9t")), ["Été"]);
    assert_eq!(listed(&page("?q=+c+")), ["Recipes"]);
    let none = page("?q=%3Cb%3E%22");
    assert!(none.html.contains("No project has this in its name"));
    assert_harmless(&none);
    assert_eq!(browser.get("/dashboard?before=x").status, 400);
}
