//! The dashboard: what the server holds, its limits, and which addresses it believes.

use std::time::{Duration, SystemTime};

use serde_json::json;

use support::{Host, KEY, argument, run};

use super::events::as_on_spin;
use super::keys::make;

const PAGE: &str = "/dashboard/server";

#[test]
fn the_owner_sees_what_is_stored_and_the_limits() {
    let host = Host::with(&[("HISTORY_DAYS", "7")]);
    let client = host.client();
    for text in ["one", "longer", "x"] {
        client.push_files("p", &[("a", text)]).good();
    }
    client.push_files("q", &[("b", &"y".repeat(5000))]).good();
    let page = host.signed_in(KEY).get(PAGE).good();
    for part in [
        env!("CARGO_PKG_VERSION"),
        "running since <time",
        "2 files in 2 projects",
        "Free pages inside",
        // The history of p has what is not live.
        "9 bytes<span class=\"sub\">3 versions",
        "4.9 KiB",
        "HISTORY_DAYS",
        "7 days",
        "127.0.0.1",
        "No proxy is trusted",
    ] {
        assert!(page.html.contains(part), "{part} in {}", page.html);
    }
    let (q, p) = (page.html.find("projects/q"), page.html.find("projects/p"));
    assert!(q < p, "the largest project comes first");
}

#[test]
fn a_key_of_some_projects_sees_nothing_of_the_others() {
    let host = Host::start();
    host.client().push_files("own", &[("a", "x")]).good();
    host.client().push_files("secret", &[("a", "x")]).good();
    let made = make(
        &host,
        &json!({ "name": "phone", "scope": "read", "projects": ["own"] }),
    );
    let page = host
        .signed_in(made["key"].as_str().unwrap())
        .get(PAGE)
        .good();
    assert!(page.html.contains("projects/own") && page.html.contains("MAX_FILE_SIZE"));
    for hidden in [
        "secret",
        "2 projects",
        "Free pages",
        "Last backup",
        "Requests</h2>",
    ] {
        assert!(!page.html.contains(hidden), "{hidden} in {}", page.html);
    }
}

#[test]
fn an_address_that_is_not_believed_is_pointed_out() {
    let forwarded = [("x-forwarded-for", "192.0.2.7")];
    let host = Host::start();
    let page = host.signed_in(KEY).send("GET", PAGE, &forwarded, "").good();
    assert!(page.html.contains("which is ignored") && page.html.contains("127.0.0.1"));
    let host = Host::with(&[("TRUSTED_PROXIES", "127.0.0.1")]);
    let page = host.signed_in(KEY).send("GET", PAGE, &forwarded, "").good();
    assert!(page.html.contains("192.0.2.7") && !page.html.contains("which is ignored"));
    assert!(page.html.contains("127.0.0.1/32"));
}

#[test]
fn the_owner_sees_the_log_the_last_backup_and_how_requests_were_answered() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let stranger = host.with_key(Some("wrong-wrong-wrong-wrong"));
    assert_eq!(stranger.get("/v1/projects").status, 403);
    host.client().get("/health").good();
    let browser = host.signed_in(KEY);
    let page = browser.get(PAGE).good().html;
    for part in [
        "<dt>Log</dt><dd>",
        "KiB</dd>",
        "<dd class=\"warn\">none yet: make one with",
        // The push and the form to sign in.
        "<span>Answered</span> <strong>2</strong>",
        "<span>Refused</span> <strong>1</strong>",
        "<span>Failed</span> <strong>0</strong>",
        "at most 3 in an hour",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
    let backup = host.database().with_file_name("backup.db");
    run(&host.database(), &["backup", argument(&backup)]).good();
    let page = browser.get(PAGE).good().html;
    assert!(page.contains("<dt>Last backup</dt><dd><time"), "{page}");
    let mark = host.database().with_file_name("sync.db-last-backup");
    let old = SystemTime::now() - Duration::from_secs(9 * 86_400);
    std::fs::File::open(mark)
        .unwrap()
        .set_modified(old)
        .unwrap();
    let page = browser.get(PAGE).good().html;
    assert!(page.contains("make another with"), "{page}");
}

#[test]
fn what_the_host_does_not_tell_is_not_known() {
    let host = as_on_spin();
    host.client().push_files("p", &[("a", "x")]).good();
    let page = host.signed_in(KEY).get(PAGE).good().html;
    assert_eq!(page.matches("not known here").count(), 2);
    assert!(page.contains("Requests are not counted here") && page.contains("1 file in 1 project"));
    assert!(!page.contains("running since"));
}
