//! What people come for.

use serde_json::{Value, json};

use support::{Chrome, Host};

use super::{NARROW, WIDE, signed_in};

/// Makes a project with a file that was deleted.
fn lose_a_file(host: &Host) {
    let files = [("ideas/lost.md", "precious"), ("ideas/kept.md", "x")];
    let client = host.client();
    client.push_files("diary", &files).good();
    let deletion = json!({ "files": [], "deletions": ["ideas/lost.md"] });
    client.push("diary", &deletion).good();
}

/// Finds the deleted file and brings it back.
fn bring_it_back(host: &Host, chrome: &Chrome) {
    chrome.go("/dashboard");
    chrome.click("a.entry[href$='/projects/diary']");
    chrome.click("nav a[href$='/deleted']");
    chrome.sees("ideas/lost.md");
    chrome.click("td.action button");
    chrome.sees("The file is back");
    let back = host.client().ask("diary", "files/ideas/lost.md");
    assert_eq!(back.bytes, b"precious");
    assert_eq!(
        host.client().history("diary", "ideas/lost.md")[0]["device"],
        "dashboard"
    );
}

#[test]
fn a_lost_file_is_found_and_brought_back() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    lose_a_file(&host);
    bring_it_back(&host, &chrome);
}

#[test]
fn the_same_works_without_javascript() {
    let Some((host, chrome)) = signed_in(WIDE, false) else {
        return;
    };
    lose_a_file(&host);
    bring_it_back(&host, &chrome);
    chrome.go("/dashboard/projects/diary");
    chrome.write("#q", "KEPT");
    chrome.click("form.filter button");
    chrome.sees("ideas/kept.md");
    // Nothing has put the time into a zone.
    assert!(chrome.text("#results time").ends_with("UTC"));
}

#[test]
fn a_list_is_searched_while_one_types_and_times_are_told_in_words() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client()
        .push_files("p", &[("a.md", "x"), ("b.md", "y")])
        .good();
    chrome.go("/dashboard/projects/p");
    assert_eq!(chrome.text("#results time"), "now");
    chrome.value("window.isSamePage = true");
    chrome.write("#q", "B");
    chrome.sees("b.md");
    chrome.sees_no_more("a.md");
    assert_eq!(chrome.address(), "/dashboard/projects/p?q=B");
    // A screen reader announces it.
    let told = "document.querySelector('form.filter [role=status]').textContent";
    chrome.waits_for(&format!("{told} === '1 found'"));
    chrome.write("#q", "zzz");
    chrome.sees("No file here");
    let told = chrome.value(told);
    assert!(told.as_str().unwrap().contains("No file here"), "{told}");
    assert_eq!(chrome.value("window.isSamePage"), Value::Bool(true));
    assert_eq!(chrome.complaints(), Vec::<String>::new());
}

#[test]
fn going_back_in_time_is_chosen_in_the_zone_of_the_reader() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client().push_files("p", &[("a", "x")]).good();
    chrome.go("/dashboard/projects/p/restore?at=2100-01-01T00:00:00Z");
    chrome.sees("Nothing would change");
    let offset = chrome.value("new Date('2100-01-01T00:00:00Z').getTimezoneOffset()");
    let shown = chrome.value("new Date(document.querySelector('#at').value + 'Z').getTime()");
    let expected = 4_102_444_800_000 - offset.as_i64().unwrap() * 60_000;
    assert_eq!(shown, expected);
    chrome.click("form.moment button");
    chrome.sees("Nothing would change");
    assert!(
        chrome
            .address()
            .ends_with("at=2100-01-01T00%3A00%3A00.000Z"),
        "{}",
        chrome.address()
    );
}

#[test]
fn a_device_gets_a_key_and_is_shut_out_again() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    chrome.go("/dashboard/devices");
    chrome.write("#name", "tablet");
    chrome.click("section.form button");
    chrome.sees("never again");
    let key = chrome.text("section.card code");
    let device = host.with_key(Some(&key));
    device.push_files("p", &[("a", "x")]).good();
    chrome.click("main > p a.button");
    chrome.sees("tablet");
    chrome.click("details.menu summary");
    chrome.click("details.menu button.danger");
    chrome.sees("The key was revoked");
    device.get("/v1/info").failed(403, "key_revoked");
}

#[test]
fn a_project_is_deleted_by_typing_its_name() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client().push_files("diary", &[("a", "x")]).good();
    chrome.go("/dashboard/projects/diary/delete");
    chrome.write("#name", "dairy");
    chrome.click("button.danger");
    chrome.sees("nothing was deleted");
    // What was typed can be corrected.
    assert_eq!(chrome.value("document.activeElement.value"), "dairy");
    chrome.value("document.activeElement.select()");
    chrome.write("#name", "diary");
    chrome.click("button.danger");
    chrome.sees("The project was deleted");
    assert_eq!(
        host.client().get("/v1/projects").good()["projects"],
        json!([])
    );
}

#[test]
fn nothing_is_wider_than_a_narrow_screen() {
    let Some((host, chrome)) = signed_in(NARROW, true) else {
        return;
    };
    lose_a_file(&host);
    let long = "n".repeat(255);
    host.client()
        .push_files(&"p".repeat(200), &[(&long, "x")])
        .good();
    let key = json!({ "name": "m".repeat(100), "scope": "read", "projects": ["q".repeat(200)] });
    host.client().post("/v1/keys", &key);
    let project = format!("/dashboard/projects/{}", "p".repeat(200));
    let pages = ["", "?q=n", "/deleted", "/replaced", "/restore", "/delete"];
    let pages = pages.iter().map(|page| format!("{project}{page}"));
    let others = [
        "/dashboard",
        "/dashboard/activity",
        "/dashboard/server",
        "/dashboard/devices",
        "/dashboard/nope",
        "/dashboard/projects/diary/files/ideas/lost.md",
        "/dashboard/projects/diary/deleted",
    ];
    for page in pages.chain(others.map(str::to_owned)) {
        chrome.go(&page);
        let width = chrome.value("document.documentElement.scrollWidth");
        assert!(width.as_u64() <= Some(390), "{page}: {width}");
        // The size of a deletion.
        let dashes = chrome.value(
            "[...document.querySelectorAll('td')]
                .filter(cell => cell.textContent === '–' && cell.checkVisibility()).length",
        );
        assert_eq!(dashes, 0, "{page}");
    }
    bring_it_back(&host, &chrome);
}

#[test]
fn every_page_can_be_used_with_the_keyboard_and_read_aloud() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    lose_a_file(&host);
    for page in [
        "/dashboard",
        "/dashboard/projects/diary",
        "/dashboard/projects/diary/deleted",
        "/dashboard/projects/diary/restore",
        "/dashboard/projects/diary/delete",
        "/dashboard/projects/diary/files/ideas/kept.md",
        "/dashboard/activity",
        "/dashboard/server",
        "/dashboard/devices",
    ] {
        chrome.go(page);
        let unnamed = chrome.value("[...document.querySelectorAll('a, button, input:not([type=hidden]), summary')]
            .filter((part) => !(part.textContent.trim() || part.labels?.length || part.ariaLabel || part.ariaLabelledByElements?.length)).map((part) => part.outerHTML)");
        assert_eq!(unnamed, json!([]), "{page}");
        for landmark in ["header", "nav", "main", "h1", "a.skip:first-child"] {
            assert!(chrome.has(landmark), "{page} {landmark}");
        }
        let first = "(document.querySelector('a.skip').focus(), getComputedStyle(document.activeElement).outlineStyle)";
        assert_ne!(chrome.value(first), "none", "{page}");
        assert_eq!(
            chrome.value("document.querySelectorAll('h1').length"),
            1,
            "{page}"
        );
    }
}

#[test]
fn a_search_that_the_server_does_not_answer_says_so() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client().push_files("p", &[("a.md", "x")]).good();
    chrome.go("/dashboard/projects/p");
    for (answer, told) in [
        (
            "Promise.resolve(new Response('', { status: 429 }))",
            "Too many requests",
        ),
        (
            "Promise.resolve(new Response('', { status: 503 }))",
            "did not answer",
        ),
        ("Promise.reject(new TypeError())", "did not answer"),
    ] {
        chrome.value(&format!(
            "(window.asks ??= window.fetch, window.fetch = () => {answer}, 0)"
        ));
        chrome.write("#q", "b");
        chrome.waits_for(&format!(
            "document.querySelector('form.filter + .problem')?.textContent.includes('{told}')"
        ));
        assert!(chrome.complaints().is_empty());
    }
    chrome.value("(window.fetch = window.asks, 0)");
    chrome.write("#q", "a");
    chrome.waits_for("document.querySelector('form.filter + .problem').hidden");
}

#[test]
fn what_stands_above_a_list_changes_with_it() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    host.client().push_files("p", &[("a.md", "x")]).good();
    chrome.go("/dashboard/projects/p");
    host.client().push_files("p", &[("b.md", "y")]).good();
    chrome.sees("b.md");
    assert!(chrome.text("#facts").contains("2 files"));
}

#[test]
fn a_text_is_printed_whole_and_without_what_is_pressed() {
    let Some((host, chrome)) = signed_in(WIDE, true) else {
        return;
    };
    let text = "line\n".repeat(500);
    host.client().push_files("p", &[("a.txt", &text)]).good();
    chrome.go("/dashboard/projects/p/files/a.txt");
    let rules = "[...document.styleSheets[0].cssRules].find(rule => rule.media?.mediaText === 'print').media.mediaText = 'all'";
    chrome.value(rules);
    let whole = "(({ scrollHeight, clientHeight }) => scrollHeight <= clientHeight)(document.querySelector('.text'))";
    assert_eq!(chrome.value(whole), Value::Bool(true));
    let pressed = "[...document.querySelectorAll('button, nav a, a.button')].filter(part => part.checkVisibility()).length";
    assert_eq!(chrome.value(pressed), 0);
}
