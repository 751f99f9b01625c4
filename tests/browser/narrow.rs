//! What fits on a screen.

use serde_json::{Value, json};

use support::{Chrome, Host};

use super::signed_in;

/// Words that stand on two lines, of those that are short enough for one.
const BROKEN: &str = r"[...document.querySelectorAll('nav a, .rows td, .rows th, figcaption, .legend')].flatMap((cell) => {
    const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    const broken = [];
    while (texts.nextNode()) {
        for (const word of texts.currentNode.data.matchAll(/[\p{L}\p{N}_]+/gu)) {
            const range = document.createRange();
            range.setStart(texts.currentNode, word.index);
            range.setEnd(texts.currentNode, word.index + word[0].length);
            const lines = new Set([...range.getClientRects()].map((part) => Math.round(part.top)));
            if (lines.size > 1 && word[0].length < 20) broken.push(word[0]);
        }
    }
    return broken;
})";

/// Makes a project in which much is to be seen.
fn fill(host: &Host) {
    let files = [
        ("ideas/Reisevorbereitungen.md", "x"),
        ("ideas/kept.md", "x"),
    ];
    let body = json!({ "files": files.map(|(path, text)| support::file(path, text.as_bytes())) });
    let headers = [
        ("x-device", "Arbeitszimmer workstation"),
        ("content-type", "application/json"),
    ];
    let path = "/v1/projects/diary/sync";
    let client = host.client();
    client
        .send("POST", path, &headers, body.to_string().as_bytes())
        .good();
    client.push_files("diary", &[("ideas/kept.md", "y")]).good();
    let deletion = json!({ "files": [], "deletions": ["ideas/Reisevorbereitungen.md"] });
    client.push("diary", &deletion).good();
    for scope in ["write", "manage"] {
        let key = json!({ "name": "Arbeitszimmer workstation", "scope": scope });
        client.post("/v1/keys", &key);
    }
}

const PAGES: [&str; 8] = [
    "/dashboard",
    "/dashboard/activity",
    "/dashboard/server",
    "/dashboard/devices",
    "/dashboard/projects/diary?in=ideas",
    "/dashboard/projects/diary/deleted",
    "/dashboard/projects/diary/restore",
    "/dashboard/projects/diary/files/ideas/kept.md",
];

fn assert_fits(chrome: &Chrome, width: u32) {
    for page in PAGES {
        chrome.go(page);
        assert_eq!(chrome.value(BROKEN), json!([]), "{page} {width}");
        let wide = chrome.value("document.documentElement.scrollWidth");
        assert!(wide.as_u64() <= Some(width.into()), "{page}: {wide}");
    }
}

#[test]
fn no_word_is_broken_where_it_fits_on_a_line() {
    for width in [320, 375, 800] {
        let Some((host, chrome)) = signed_in((width, 800), true) else {
            return;
        };
        fill(&host);
        assert_fits(&chrome, width);
    }
}

#[test]
fn the_tab_that_is_open_and_the_field_for_a_moment_are_in_view() {
    for (width, javascript) in [(320, true), (360, false)] {
        let Some((host, chrome)) = signed_in((width, 800), javascript) else {
            return;
        };
        fill(&host);
        for page in ["restore", "delete"] {
            chrome.go(&format!("/dashboard/projects/diary/{page}"));
            let right =
                "document.querySelector('.tabs [aria-current]').getBoundingClientRect().right";
            let is_in_view = format!("{right} <= innerWidth");
            assert_eq!(
                chrome.value(&is_in_view),
                Value::Bool(true),
                "{page} {width}"
            );
        }
        chrome.go("/dashboard/projects/diary/restore");
        let inside = "document.querySelector('#at').getBoundingClientRect().right <= \
             document.querySelector('form.moment').getBoundingClientRect().right + 0.5";
        assert_eq!(chrome.value(inside), Value::Bool(true), "{width}");
    }
}

/// What is cut off by the edge of a card, or of the screen.
const CUT_OFF: &str = r"[...document.querySelectorAll('time, button, .button, .who bdi')].filter((part) => {
    const edge = (part.closest('.card') ?? document.documentElement).getBoundingClientRect();
    const box = part.getBoundingClientRect();
    return !part.closest('.visually-hidden') && part.checkVisibility() && (box.right > edge.right + 0.5 || box.left < edge.left - 0.5);
}).map((part) => part.textContent)";

#[test]
fn no_date_no_button_and_no_name_of_a_key_is_cut_off() {
    let Some((host, chrome)) = signed_in((320, 800), true) else {
        return;
    };
    fill(&host);
    let key = json!({ "name": "device of anna on the kitchen table", "scope": "manage" });
    let made = host.client().post("/v1/keys", &key);
    chrome.go("/dashboard");
    chrome.click(".who button");
    chrome.sees("Sign in");
    chrome.write("#key", made.json["key"].as_str().unwrap());
    chrome.click("main button");
    chrome.sees("Projects");
    for page in PAGES {
        chrome.go(page);
        assert_eq!(chrome.value(CUT_OFF), json!([]), "{page}");
    }
    assert_fits(&chrome, 320);
}
