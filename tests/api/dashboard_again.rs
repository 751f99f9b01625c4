//! The dashboard: forms of a page that is out of date, and forms that are sent again.

use std::thread;

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use support::{Browser, Client, Host, KEY, Page, encode, file, first_rev};

use super::keys::make;

const PROJECT: &str = "/dashboard/projects/p";
const VERSIONS: &str = "/dashboard/projects/p/versions";
const DEVICES: &str = "/dashboard/devices";

fn store(client: &Client, text: &str) -> i64 {
    first_rev(client.push_files("p", &[("a.md", text)]))
}

fn content(client: &Client) -> Vec<u8> {
    client.ask("p", "files/a.md").bytes
}

/// Follows the answer to a form that was out of date to the page that says so.
fn told_of_a_change(browser: &Browser, answer: &Page) -> Page {
    let page = browser.get(answer.leads_to()).good();
    let notice = page.html.split("role=\"alert\"").nth(1).expect("a notice");
    let notice = notice.split("</p>").next().unwrap();
    assert!(notice.contains("changed since"), "{notice}");
    page
}

#[test]
fn an_older_version_does_not_replace_what_was_stored_since_the_page_was_shown() {
    let host = Host::start();
    let client = host.client();
    let first = store(&client, "one").to_string();
    store(&client, "two");
    let browser = host.signed_in(KEY);
    let page = browser.get(&format!("{PROJECT}/files/a.md")).good();
    store(&client, "three");
    let fields = [("path", "a.md"), ("rev", first.as_str())];
    let answer = browser.submit(&page, VERSIONS, &fields);
    let page = told_of_a_change(&browser, &answer);
    assert_eq!(content(&client), b"three");
    assert!(page.html.contains("three"), "{}", page.html);
    let answer = browser.submit(&page, VERSIONS, &fields);
    assert!(answer.leads_to().ends_with("?done=version-restored"));
    assert_eq!(content(&client), b"one");
}

#[test]
fn a_deleted_file_that_is_there_again_is_not_brought_back() {
    let host = Host::start();
    let client = host.client();
    let last = store(&client, "lost").to_string();
    let deletion = json!({ "files": [], "deletions": ["a.md"] });
    client.push("p", &deletion).good();
    let browser = host.signed_in(KEY);
    let pages = [
        format!("{PROJECT}/deleted"),
        format!("{PROJECT}/files/a.md"),
    ];
    let pages = pages.map(|address| browser.get(&address).good());
    store(&client, "new");
    for page in pages {
        let fields = [("path", "a.md"), ("rev", last.as_str())];
        let answer = browser.submit(&page, VERSIONS, &fields);
        told_of_a_change(&browser, &answer);
        assert_eq!(content(&client), b"new");
    }
}

#[test]
fn a_replaced_edit_does_not_replace_a_newer_one() {
    let host = Host::start();
    let client = host.client();
    for (text, modified) in [("newer", 2000), ("older", 1000)] {
        let mut entry = file("a.md", text.as_bytes());
        entry["modified"] = json!(modified);
        client.push("p", &json!({ "files": [entry] })).good();
    }
    // The page shows what is newest now, whatever replaced the edit.
    store(&client, "merged");
    let browser = host.signed_in(KEY);
    let page = browser.get(&format!("{PROJECT}/replaced")).good();
    store(&client, "merged again");
    let answer = browser.submit(&page, VERSIONS, &[]);
    told_of_a_change(&browser, &answer);
    assert_eq!(content(&client), b"merged again");
    let page = browser.get(&format!("{PROJECT}/replaced")).good();
    browser.submit(&page, VERSIONS, &[]).leads_to();
    assert_eq!(content(&client), b"newer");
}

#[test]
fn going_back_in_time_does_what_was_shown_or_nothing() {
    let host = Host::start();
    let client = host.client();
    let then = DateTime::from_timestamp_micros(store(&client, "one")).unwrap();
    let then = then.to_rfc3339_opts(SecondsFormat::Micros, true);
    store(&client, "two");
    let browser = host.signed_in(KEY);
    let form = format!("{PROJECT}/restore");
    let page = browser.get(&format!("{form}?at={}", encode(&then))).good();
    // What it would delete has come since.
    client.push_files("p", &[("b.md", "new")]).good();
    let answer = browser.submit(&page, &form, &[]);
    let page = told_of_a_change(&browser, &answer);
    assert_eq!(content(&client), b"two");
    assert_eq!(client.ask("p", "files/b.md").bytes, b"new");
    assert!(page.html.contains("2 files would change"), "{}", page.html);
    let answer = browser.submit(&page, &form, &[]);
    assert!(answer.leads_to().ends_with("?done=project-restored"));
    assert_eq!(content(&client), b"one");
}

/// How many keys there are, by their names.
fn keys(host: &Host) -> Vec<Value> {
    let listed = host.client().get("/v1/keys").good();
    listed["keys"].as_array().unwrap().clone()
}

#[test]
fn a_rotation_that_is_sent_again_rotates_nothing() {
    let host = Host::start();
    let made = make(&host, &json!({ "name": "laptop", "scope": "read" }));
    let browser = host.signed_in(KEY);
    let rotate = format!("{DEVICES}/{}/rotate", made["id"].as_str().unwrap());
    let page = browser.get(DEVICES).good();
    let rotated = browser.submit(&page, &rotate, &[]).good();
    assert!(rotated.html.contains("<code>kfs_"));
    for _ in 0..2 {
        let again = browser.submit(&page, &rotate, &[]);
        assert_eq!(again.leads_to(), "/dashboard/devices?done=already-rotated");
        let page = browser.get(again.leads_to()).good();
        assert!(page.html.contains("has a new key already"));
    }
    // The device that has the key before still has its day.
    host.with_key(made["key"].as_str()).get("/v1/info").good();
    let page = browser.get(DEVICES).good();
    let rotated = browser.submit(&page, &rotate, &[]).good();
    assert!(rotated.html.contains("<code>kfs_"));
}

#[test]
fn a_form_that_is_sent_again_makes_no_second_key() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    let page = browser.get(DEVICES).good();
    let fields = [("name", "laptop"), ("scope", "read"), ("all", "yes")];
    let made = browser.submit(&page, DEVICES, &fields).good();
    assert!(made.html.contains("<code>kfs_"));
    let again = browser.submit(&page, DEVICES, &fields);
    assert_eq!(again.status, 409);
    assert!(!again.html.contains("<code>kfs_"));
    assert!(again.html.contains("was made already"), "{}", again.html);
    assert_eq!(keys(&host).len(), 1);
    // Not even when that one is revoked.
    let id = keys(&host)[0]["id"].as_str().unwrap().to_owned();
    host.client().delete(&format!("/v1/keys/{id}")).good();
    assert_eq!(browser.submit(&page, DEVICES, &fields).status, 409);
    // Another one is made by who wants it.
    let fresh = browser.submit(&again, DEVICES, &fields).good();
    assert!(fresh.html.contains("<code>kfs_"));
    let other = [("name", "phone"), ("scope", "read"), ("all", "yes")];
    browser.submit(&page, DEVICES, &other).good();
    assert_eq!(keys(&host).len(), 2);
}

/// Sends a form of a page several times at once, and returns the answers.
fn submit_at_once(
    host: &Host,
    browser: &Browser,
    page: &Page,
    to: &str,
    fields: &[(&str, &str)],
) -> Vec<Page> {
    let cookie = browser.cookie();
    let submit = || {
        let browser = host.browser();
        browser.set_cookie(&cookie);
        browser.submit(page, to, fields)
    };
    thread::scope(|scope| {
        let sent = [(); 6].map(|()| scope.spawn(submit));
        sent.map(|sent| sent.join().unwrap()).into()
    })
}

fn with_key(pages: &[Page]) -> usize {
    let pages = pages.iter();
    pages
        .filter(|page| page.html.contains("<code>kfs_"))
        .count()
}

#[test]
fn a_form_that_is_sent_several_times_at_once_counts_once() {
    let host = Host::start();
    let made = make(&host, &json!({ "name": "laptop", "scope": "read" }));
    let browser = host.signed_in(KEY);
    let rotate = format!("{DEVICES}/{}/rotate", made["id"].as_str().unwrap());
    for name in ["a", "b", "c"] {
        let page = browser.get(DEVICES).good();
        let fields = [("name", name), ("scope", "read"), ("all", "yes")];
        let answers = submit_at_once(&host, &browser, &page, DEVICES, &fields);
        assert_eq!(with_key(&answers), 1);
    }
    assert_eq!(keys(&host).len(), 4);
    let mut key = made["key"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        let page = browser.get(DEVICES).good();
        let answers = submit_at_once(&host, &browser, &page, &rotate, &[]);
        assert_eq!(with_key(&answers), 1);
        // The device that has the key before still has its day.
        host.with_key(Some(&key)).get("/v1/info").good();
        let shown = answers
            .iter()
            .find_map(|page| page.html.split_once("<code>kfs_"));
        let (_, shown) = shown.unwrap();
        key = format!("kfs_{}", shown.split('<').next().unwrap());
    }
}

#[test]
fn an_edit_that_meets_a_restore_is_not_replaced_by_it() {
    let host = Host::start();
    let client = host.client();
    let first = store(&client, "one").to_string();
    store(&client, "two");
    let browser = host.signed_in(KEY);
    for round in 0..10 {
        let text = format!("round {round}");
        let page = browser.get(&format!("{PROJECT}/files/a.md")).good();
        let fields = [("path", "a.md"), ("rev", first.as_str())];
        let pushed = thread::scope(|scope| {
            let push = scope.spawn(|| store(&host.client(), &text));
            let answer = browser.submit(&page, VERSIONS, &fields);
            let is_restored = answer.leads_to().ends_with("?done=version-restored");
            (push.join().unwrap(), is_restored)
        });
        // A restore that was done was done before the push.
        let newest = client.get("/v1/projects/p/history?path=a.md").good();
        let newest = newest["versions"][0]["rev"].as_i64().unwrap();
        assert_eq!(newest, pushed.0, "{pushed:?}");
    }
}
