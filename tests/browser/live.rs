//! What changes while somebody looks at it.

use serde_json::{Value, json};

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

/// Signs in with a key of a device, and returns where the key is.
fn with_device_key(host: &Host, chrome: &Chrome) -> String {
    let key = json!({ "name": "x", "scope": "manage" });
    let made = host.client().post("/v1/keys", &key).json;
    chrome.click("form.who button");
    chrome.write("#key", made["key"].as_str().unwrap());
    chrome.click("main button");
    chrome.sees("Projects");
    format!("/v1/keys/{}", made["id"].as_str().unwrap())
}

#[test]
fn a_list_does_not_stay_when_the_session_is_over_or_the_project_is_gone() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client().push_files("diary", &[("a.md", "x")]).good();
    // By what is told of the project.
    chrome.go("/dashboard/projects/diary");
    chrome.sees("a.md");
    host.client().delete("/v1/projects/diary").good();
    chrome.sees("Not possible");
    // And by a search.
    let key = with_device_key(&host, &chrome);
    host.client().push_files("diary", &[("a.md", "x")]).good();
    chrome.go("/dashboard/projects/diary/deleted");
    host.client().delete(&key).good();
    chrome.write("#q", "a");
    chrome.sees("Sign in");
    assert!(chrome.has("#key"));
}

#[test]
fn a_change_keeps_the_row_of_the_focus_and_a_selection() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    for file in ["first.md", "second.md"] {
        host.client().push_files("diary", &[(file, "x")]).good();
    }
    chrome.go("/dashboard/activity");
    // All rows have a link to the project with the same address.
    let link = "[...document.querySelectorAll('tbody tr')].at(-1).querySelector('.sub a')";
    chrome.value(&format!("{link}.focus()"));
    host.client()
        .push_files("diary", &[("third.md", "x")])
        .good();
    chrome.sees("third.md");
    let row = chrome.value("document.activeElement.closest('tr')?.textContent");
    assert!(
        row.as_str().unwrap_or_default().contains("first.md"),
        "{row}"
    );
    chrome.value("getSelection().selectAllChildren(document.querySelector('tbody th'))");
    let selected = "getSelection().toString()";
    let before = chrome.value(selected);
    host.client()
        .push_files("diary", &[("fourth.md", "x")])
        .good();
    std::thread::sleep(std::time::Duration::from_secs(7));
    assert_eq!(chrome.value(selected), before);
    chrome.value("getSelection().removeAllRanges()");
    chrome.sees("fourth.md");
}
