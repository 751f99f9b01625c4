//! What changes while somebody looks at it.

use serde_json::Value;

use support::{Chrome, Host, free_port};

use super::{WIDE, signed_in, signed_in_to};

/// Opens a page, changes a file, and waits until the page shows a text without being loaded again.
fn arrives(host: &Host, chrome: &Chrome, page: &str, file: &str, text: &str) {
    chrome.go(page);
    chrome.value("window.isSamePage = true");
    host.client().push_files("diary", &[(file, "x")]).good();
    chrome.sees(text);
    assert_eq!(
        chrome.value("window.isSamePage"),
        Value::Bool(true),
        "{page}"
    );
}

#[test]
fn a_change_arrives_on_every_page_that_lists_changes() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    arrives(&host, &chrome, "/dashboard", "first.md", "diary");
    arrives(
        &host,
        &chrome,
        "/dashboard/activity",
        "second.md",
        "second.md",
    );
    arrives(
        &host,
        &chrome,
        "/dashboard/projects/diary",
        "third.md",
        "third.md",
    );
    assert_eq!(chrome.complaints(), Vec::<String>::new());
}

#[test]
fn a_page_is_told_of_changes_again_when_the_server_was_restarted() {
    let port = free_port().to_string();
    let settings = [("PORT", port.as_str())];
    let Some((host, chrome)) = signed_in_to(&settings, WIDE, true) else {
        return;
    };
    arrives(
        &host,
        &chrome,
        "/dashboard/activity",
        "before.md",
        "before.md",
    );
    let (_, _, folder) = host.stop();
    let host = Host::resume(folder, &settings);
    host.client()
        .push_files("diary", &[("after.md", "x")])
        .good();
    chrome.sees("after.md");
    assert_eq!(chrome.value("window.isSamePage"), Value::Bool(true));
}

#[test]
fn a_change_leaves_the_focus_where_it_is_and_a_search_as_it_was_typed() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client().push_files("diary", &[("a", "x")]).good();
    host.client().push_files("recipes", &[("b", "x")]).good();
    chrome.go("/dashboard");
    chrome.write("#q", "DIA");
    chrome.sees_no_more("recipes");
    chrome.value("document.querySelector('a.entry').focus()");
    let files = "document.querySelector('td[data-label=Files]').textContent";
    assert_eq!(chrome.value(files), "1");
    host.client().push_files("diary", &[("c", "x")]).good();
    host.client().push_files("recipes", &[("d", "x")]).good();
    chrome.waits_for(&format!("{files} === '2'"));
    let focused = chrome.value("document.activeElement.getAttribute('href')");
    assert_eq!(focused, "/dashboard/projects/diary");
    assert!(!chrome.text("#results").contains("recipes"));
}
