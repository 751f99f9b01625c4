//! The dashboard: the changes of all projects, newest first, and as they happen.

use std::time::Duration;

use serde_json::json;

use support::{EventStream, Host, KEY, Page, file};

use super::dashboard::{HOSTILE, assert_harmless};
use super::keys::make;

fn push_as(host: &Host, project: &str, device: &str, path: &str) {
    let body = json!({ "files": [file(path, b"x")] }).to_string();
    let headers = [("x-device", device), ("content-type", "application/json")];
    let address = format!("/v1/projects/{project}/sync");
    host.client()
        .send("POST", &address, &headers, body.as_bytes())
        .good();
}

/// The addresses of the files that a page lists, in its order.
fn listed(page: &Page) -> Vec<String> {
    let links = page
        .html
        .split("<th scope=\"row\"><a href=\"/dashboard/projects/")
        .skip(1);
    let path = |link: &str| link.split('?').next().unwrap().replace("/files/", " ");
    links.map(path).collect()
}

#[test]
fn changes_of_all_projects_are_listed_and_filtered() {
    let host = Host::start();
    push_as(&host, "p", "laptop", "i/plan.md");
    push_as(&host, "q", "phone", "Plan.md");
    push_as(&host, "p", "phone", "b");
    let deletion = json!({ "files": [], "deletions": ["b"] });
    host.client().push("p", &deletion).good();
    let browser = host.signed_in(KEY);
    let list = |query: &str| listed(&browser.get(&format!("/dashboard/activity{query}")).good());
    assert_eq!(list(""), ["p b", "p b", "q Plan.md", "p i/plan.md"]);
    assert_eq!(list("?project=q"), ["q Plan.md"]);
    assert_eq!(list("?device=laptop"), ["p i/plan.md"]);
    assert_eq!(list("?path=PLAN"), ["q Plan.md", "p i/plan.md"]);
    assert_eq!(list("?path=plan&project=p&device=laptop"), ["p i/plan.md"]);
    assert_eq!(list("?project=nope"), [] as [&str; 0]);
    let page = browser.get("/dashboard/activity").good();
    assert!(page.html.contains("created") && page.html.contains("deleted"));
    let none = browser.get("/dashboard/activity?device=nobody").good();
    assert!(none.html.contains("Nothing found."));
    assert_eq!(browser.get("/dashboard/activity?before=x").status, 400);
}

#[test]
fn the_first_page_says_how_to_begin() {
    let host = Host::start();
    let page = host.signed_in(KEY).get("/dashboard/activity").good();
    assert!(
        page.html.contains("Nothing has changed yet") && page.html.contains("kami sync-db setup")
    );
}

#[test]
fn older_changes_are_on_the_next_pages() {
    let host = Host::start();
    for project in ["p", "q"] {
        let files: Vec<_> = (0..120)
            .map(|number| file(&format!("{number:03}"), b"x"))
            .collect();
        host.client()
            .push(project, &json!({ "files": files }))
            .good();
    }
    let browser = host.signed_in(KEY);
    let (mut address, mut all) = ("/dashboard/activity".to_owned(), Vec::new());
    loop {
        let page = browser.get(&address).good();
        assert!(page.bytes.len() < 200_000, "{}", page.bytes.len());
        all.extend(listed(&page));
        let Some((_, after)) = page.html.split_once("/dashboard/activity?before=") else {
            break;
        };
        address = format!(
            "/dashboard/activity?before={}",
            after.split('"').next().unwrap()
        );
    }
    let expected = ["q", "p"]
        .into_iter()
        .flat_map(|project| (0..120).rev().map(move |n| format!("{project} {n:03}")));
    assert_eq!(all, expected.collect::<Vec<_>>());
}

#[test]
fn a_key_sees_the_changes_of_its_projects_only() {
    let host = Host::start();
    push_as(&host, "own", "laptop", "a");
    push_as(&host, "secret", "laptop", "b");
    let made = make(
        &host,
        &json!({ "name": "phone", "scope": "read", "projects": ["own"] }),
    );
    let browser = host.signed_in(made["key"].as_str().unwrap());
    let page = browser.get("/dashboard/activity").good();
    assert_eq!(listed(&page), ["own a"]);
    assert!(!page.html.contains("secret"));
    assert_eq!(
        browser.get("/dashboard/activity?project=secret").status,
        403
    );
}

#[test]
fn names_of_others_are_text_in_the_list_and_in_the_filter() {
    let host = Host::start();
    for hostile in HOSTILE.iter().filter(|name| !name.contains('/')) {
        let device = hostile.replace('\u{202e}', "\u{2066}");
        push_as(&host, "p", &device, hostile);
    }
    let browser = host.signed_in(KEY);
    let page = browser.get("/dashboard/activity").good();
    assert_harmless(&page);
    // What somebody typed stands in its field as it is.
    for hostile in HOSTILE.iter().filter(|text| !text.contains('\u{202e}')) {
        let text = support::encode(hostile);
        let filtered = format!("/dashboard/activity?device={text}&path={text}&project=p");
        assert_harmless(&browser.get(&filtered).good());
    }
}

#[test]
fn a_change_is_told_to_an_open_page_until_its_session_ends() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    let page = browser.get("/dashboard/activity").good();
    assert!(page.html.contains("data-events=\"/dashboard/events\""));
    let cookie = browser.cookie();
    let headers = [("cookie", cookie.as_str())];
    let mut stream = EventStream::open(host.address(), "/dashboard/events", &headers);
    assert_eq!(stream.status(), 200, "{}", stream.head);
    assert!(stream.head.contains("content-type: text/event-stream"));
    push_as(&host, "p", "laptop", "a");
    let event = stream.event().unwrap();
    assert_eq!(event.data["project"], "p");
    browser.submit(&page, "/dashboard/sign-out", &[]).leads_to();
    // The browser comes back for more every half minute, and is turned away.
    let ended = std::time::Instant::now();
    while stream.block().is_some() {}
    assert!(ended.elapsed() < Duration::from_secs(40));
    let stream = EventStream::open(host.address(), "/dashboard/events", &headers);
    assert_eq!(stream.status(), 303);
}
