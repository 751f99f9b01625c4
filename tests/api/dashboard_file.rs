//! The dashboard: a file, its versions, what two of them differ in, and how one comes back.

use std::time::{Duration, Instant};

use serde_json::json;

use support::{Browser, Client, Host, KEY, Page, encode, file};

use super::dashboard::{HOSTILE, assert_harmless};
use super::keys::make;

/// Stores a version of `a.md`, and returns its rev.
fn store(client: &Client, device: &str, text: &str) -> i64 {
    let body = json!({ "files": [file("i/a.md", text.as_bytes())] }).to_string();
    let headers = [("x-device", device), ("content-type", "application/json")];
    support::first_rev(client.send("POST", "/v1/projects/p/sync", &headers, body.as_bytes()))
}

fn delete(client: &Client) {
    client
        .push("p", &json!({ "files": [], "deletions": ["i/a.md"] }))
        .good();
}

/// Sends the form of a page that restores a version.
fn restore(browser: &Browser, page: &Page, rev: &str) -> Page {
    browser.submit(page, FORM, &[("path", "i/a.md"), ("rev", rev)])
}

const FORM: &str = "/dashboard/projects/p/versions";
const PAGE: &str = "/dashboard/projects/p/files/i/a.md";

fn assert_has(page: &Page, parts: &[&str]) {
    for part in parts {
        assert!(page.html.contains(part), "{part} in {}", page.html);
    }
}

#[test]
fn a_note_is_shown_with_its_versions() {
    let host = Host::start();
    let client = host.client();
    let first = store(&client, "laptop", "# Plan\n\n*old* <b>text</b>");
    store(&client, "Ann’s phone", "# Plan\n\n**new** text");
    let browser = host.signed_in(KEY);
    let page = browser.get(PAGE).good();
    assert_has(
        &page,
        &[
            "<h1><bdi>a.md</bdi></h1>",
            "<h2>Plan</h2>\n<p><strong>new</strong> text</p>",
            "<bdi>laptop</bdi>",
            "<bdi>Ann’s phone</bdi>",
            "20 bytes",
        ],
    );
    let older = browser.get(&format!("{PAGE}?rev={first}")).good();
    assert_has(&older, &["<em>old</em> &lt;b&gt;text&lt;/b&gt;"]);
    let raw = browser.get(&format!("{PAGE}?rev={first}&view=raw")).good();
    assert_has(&raw, &["# Plan\n\n*old* &#60;b&#62;text&#60;/b&#62;</pre>"]);
    assert_harmless(&older);
    assert_harmless(&raw);
}

#[test]
fn two_versions_are_compared_word_by_word() {
    let host = Host::start();
    let client = host.client();
    let same = "same\n".repeat(50);
    let first = store(&client, "x", &format!("{same}an old line\n"));
    let middle = store(&client, "x", "other");
    let last = store(&client, "x", &format!("{same}a new line\n"));
    let browser = host.signed_in(KEY);
    for (one, other) in [(first, last), (last, first)] {
        let page = browser.get(&format!("{PAGE}?rev={one}&rev={other}")).good();
        assert_has(
            &page,
            &[
                "<mark>an</mark> <mark>old</mark> line",
                "<mark>a</mark> <mark>new</mark> line",
                "+1 line",
                "Removed: ",
            ],
        );
        // Three lines around it.
        assert_eq!(page.html.matches("same").count(), 3);
    }
    let page = browser
        .get(&format!("{PAGE}?rev={first}&rev={first}"))
        .good();
    assert_has(&page, &["Both have the same content."]);
    let list = browser.get(PAGE).good();
    assert_has(&list, &[&format!("?rev={last}&#38;rev={middle}")]);
}

#[test]
fn an_older_version_is_restored_with_one_form() {
    let host = Host::start();
    let client = host.client();
    let first = store(&client, "laptop", "one");
    store(&client, "laptop", "two");
    let browser = host.signed_in(KEY);
    let page = browser.get(PAGE).good();
    assert_has(&page, &[FORM]);
    let rev = first.to_string();
    let done = restore(&browser, &page, &rev);
    let page = browser.get(done.leads_to()).good();
    assert_has(
        &page,
        &["The file is back as a new version.", "<bdi>dashboard</bdi>"],
    );
    assert_eq!(client.ask("p", "files/i/a.md").bytes, b"one");
    assert_eq!(restore(&browser, &page, "7").status, 404);
    assert_eq!(restore(&browser, &page, "x").status, 400);
    // Without the token of the session, and from another site.
    assert_eq!(
        browser
            .post(FORM, &[("path", "i/a.md"), ("rev", &rev)])
            .status,
        400
    );
    let token = page.hidden("token");
    let fields = [("path", "i/a.md"), ("rev", rev.as_str()), ("token", token)];
    let forged = browser.post_from("https://evil.example", FORM, &fields);
    assert_eq!(forged.status, 400);
    assert_eq!(client.history("p", "i/a.md").len(), 3);
}

#[test]
fn those_who_wait_hear_of_a_restored_version_at_once() {
    let host = Host::start();
    let client = host.client();
    let first = store(&client, "laptop", "one").to_string();
    store(&client, "laptop", "two");
    let cursor = client.ask("p", "changes?limit=1000").good()["cursor"].clone();
    let query = format!("changes?wait=30&since={}", cursor.as_str().unwrap());
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let started = Instant::now();
            let answer = host.client().ask("p", &query).good();
            (
                answer["changes"].as_array().unwrap().len(),
                started.elapsed(),
            )
        });
        std::thread::sleep(Duration::from_millis(500));
        let browser = host.signed_in(KEY);
        let page = browser.get(PAGE).good();
        restore(&browser, &page, &first).leads_to();
        let (changes, took) = waiting.join().unwrap();
        assert_eq!(changes, 1);
        assert!(took < Duration::from_secs(10), "{took:?}");
    });
}

#[test]
fn a_deleted_file_is_brought_back() {
    let host = Host::start();
    let client = host.client();
    let last = store(&client, "laptop", "the *lost* note").to_string();
    delete(&client);
    let browser = host.signed_in(KEY);
    let page = browser.get(PAGE).good();
    assert_has(
        &page,
        &["This file is deleted", "Bring it back", "<em>lost</em>"],
    );
    assert!(
        page.html
            .contains(&format!("value=\"{last}\">Bring it back"))
    );
    let done = restore(&browser, &page, &last);
    assert!(
        !browser
            .get(done.leads_to())
            .good()
            .html
            .contains("This file is deleted")
    );
    assert_eq!(client.ask("p", "files/i/a.md").bytes, b"the *lost* note");
}

#[test]
fn a_key_sees_and_does_what_it_may() {
    let host = Host::start();
    let client = host.client();
    let first = store(&client, "laptop", "one").to_string();
    store(&client, "laptop", "two");
    let key = |scope: &str, project: &str| {
        let made = make(
            &host,
            &json!({ "name": scope, "scope": scope, "projects": [project] }),
        );
        made["key"].as_str().unwrap().to_owned()
    };
    let reader = host.signed_in(&key("read", "p"));
    let page = reader.get(PAGE).good();
    assert!(!page.html.contains(FORM));
    assert_eq!(restore(&reader, &page, &first).status, 403);
    let writer = host.signed_in(&key("write", "p"));
    let page = writer.get(PAGE).good();
    restore(&writer, &page, &first).leads_to();
    assert_has(&writer.get(PAGE).good(), &["<bdi>write (dashboard)</bdi>"]);
    let other = host.signed_in(&key("manage", "q"));
    for path in [PAGE, "/dashboard/projects/p/download/i/a.md"] {
        assert_eq!(other.get(path).status, 403, "{path}");
    }
    let page = other.get("/dashboard").good();
    assert_eq!(restore(&other, &page, &first).status, 403);
    let nobody = host.browser();
    for path in [PAGE, "/dashboard/projects/p/download/i/a.md"] {
        assert!(
            nobody
                .get(path)
                .leads_to()
                .starts_with("/dashboard/sign-in?next=")
        );
    }
}

#[test]
fn a_download_is_the_file_and_never_a_page() {
    let host = Host::start();
    let client = host.client();
    let html = "<script>alert(document.cookie)</script>";
    client.push_files("p", &[("x/ghi chú.html", html)]).good();
    let path = format!(
        "/dashboard/projects/p/download/x/{}",
        encode("ghi chú.html")
    );
    let answer = host.signed_in(KEY).get(&path).good();
    assert_eq!(answer.bytes, html.as_bytes());
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let disposition = answer.header("content-disposition");
    assert_eq!(
        disposition,
        "attachment; filename*=UTF-8''ghi%20ch%C3%BA%2Ehtml"
    );
    let policies = answer.headers.get_all("content-security-policy");
    let mut policies = policies.iter().map(|value| value.to_str().unwrap());
    assert!(policies.any(|policy| policy.contains("sandbox")));
}

#[test]
fn what_was_never_stored_is_not_found() {
    let host = Host::start();
    store(&host.client(), "x", "one");
    let browser = host.signed_in(KEY);
    for (path, status) in [
        ("/dashboard/projects/p/files/nope", 404),
        ("/dashboard/projects/nope/files/a", 404),
        ("/dashboard/projects/p/files/i/a.md?rev=5", 404),
        ("/dashboard/projects/p/files/i/a.md?rev=x", 400),
        ("/dashboard/projects/p/files/..%2Fx", 422),
        ("/dashboard/projects/p/download/nope", 404),
    ] {
        assert_eq!(browser.get(path).status, status, "{path}");
    }
}

#[test]
fn hostile_names_and_notes_are_text() {
    let host = Host::start();
    let client = host.client();
    let browser = host.signed_in(KEY);
    let note =
        HOSTILE.join("\n\n") + "\n\n![x](https://evil.example/x.png)\n\n[x](javascript:alert(1))";
    for name in HOSTILE.iter().filter(|name| !name.contains('/')) {
        let path = format!("{name}.md");
        let body = json!({ "files": [file(&path, note.as_bytes())] }).to_string();
        let headers = [
            ("x-device", "<script>"),
            ("content-type", "application/json"),
        ];
        client
            .send("POST", "/v1/projects/p/sync", &headers, body.as_bytes())
            .good();
        client.push_files("p", &[(path.as_str(), "other")]).good();
        for query in ["", "?view=raw"] {
            let page = browser.get(&format!(
                "/dashboard/projects/p/files/{}{query}",
                encode(&path)
            ));
            assert_harmless(&page.good());
        }
    }
}

#[test]
fn a_page_stays_small_whatever_the_file() {
    let host = Host::start();
    let client = host.client();
    let texts = [
        (
            "large.md",
            "word *word* [link](https://a.example) <b>\n".repeat(200_000),
        ),
        ("line.md", "word ".repeat(200_000)),
        ("brackets.md", "[".repeat(1_000_000)),
        ("less", "<".repeat(1_000_000)),
    ];
    let browser = host.signed_in(KEY);
    for (path, text) in &texts {
        client.push_files("p", &[(path, text)]).good();
        let edited = format!("{}edit{}", &text[..text.len() / 2], &text[text.len() / 2..]);
        client.push_files("p", &[(path, &edited)]).good();
        let revs: Vec<_> = client
            .history("p", path)
            .iter()
            .map(|row| row["rev"].clone())
            .collect();
        for query in [
            String::new(),
            "?view=raw".to_owned(),
            format!("?rev={}&rev={}", revs[0], revs[1]),
        ] {
            let page = browser
                .get(&format!("/dashboard/projects/p/files/{path}{query}"))
                .good();
            assert!(
                page.bytes.len() < 200_000,
                "{path}{query}: {}",
                page.bytes.len()
            );
        }
    }
}

#[test]
fn many_versions_are_on_pages() {
    let host = Host::start();
    let client = host.client();
    let revs: Vec<_> = (0..70)
        .map(|number| store(&client, "x", &number.to_string()))
        .collect();
    let browser = host.signed_in(KEY);
    let (mut address, mut seen, mut rows) = (PAGE.to_owned(), 0, revs.iter().rev());
    loop {
        let page = browser.get(&address).good();
        seen += page.html.matches("type=\"checkbox\"").count();
        // Each says what it changed, whatever page the one before it is on.
        for rev in rows.by_ref().take(30).filter(|rev| **rev > revs[0]) {
            let changes = format!("?rev={rev}&#38;rev=");
            assert!(page.html.contains(&changes), "{rev}");
        }
        let Some((_, after)) = page.html.split_once(&format!("{PAGE}?before=")) else {
            break;
        };
        address = format!("{PAGE}?before={}", after.split(['"', '#']).next().unwrap());
    }
    assert_eq!(seen, revs.len());
}

#[test]
fn a_version_on_a_later_page_is_compared_with_the_newest_one() {
    let host = Host::start();
    let client = host.client();
    let revs: Vec<_> = (0..40)
        .map(|number| store(&client, "x", &format!("text {number}")))
        .collect();
    let browser = host.signed_in(KEY);
    let link = format!("?rev={}&#38;rev={}\"", revs[39], revs[2]);
    assert!(!browser.get(PAGE).good().html.contains(&link));
    let page = browser.get(&format!("{PAGE}?before={}", revs[10])).good();
    assert_has(&page, &[&link, "Compare with the newest"]);
    let address = link.replace("&#38;", "&").replace('"', "");
    let compared = browser.get(&format!("{PAGE}{address}")).good();
    assert_has(&compared, &["<mark>2</mark>", "<mark>39</mark>"]);
}

/// What every time in a part of a page says to those without a script.
fn times(html: &str) -> Vec<&str> {
    let times = html
        .split("</time>")
        .filter_map(|part| part.rsplit_once("<time "));
    times
        .map(|(_, time)| time.split_once('>').unwrap().1)
        .collect()
}

#[test]
fn versions_of_one_day_are_told_apart_by_their_exact_times() {
    let host = Host::start();
    let client = host.client();
    let first = store(&client, "laptop", "one");
    let last = store(&client, "laptop", "two");
    let browser = host.signed_in(KEY);
    for query in [
        String::new(),
        format!("?rev={first}"),
        format!("?rev={first}&rev={last}"),
    ] {
        let page = browser.get(&format!("{PAGE}{query}")).good();
        let told = times(&page.html);
        assert!(!told.is_empty(), "{}", page.html);
        // 26 Nov 2026, 02:48:25 UTC
        for time in told {
            assert_eq!(time.matches(':').count(), 2, "{time}");
        }
        assert!(
            !page
                .html
                .replace("<time class=\"exact\"", "")
                .contains("<time")
        );
        // A box to mark says which version it marks.
        let label = format!("aria-labelledby=\"mark v{first}\"");
        assert_has(&page, &[&label, &format!("id=\"v{first}\"")]);
    }
}

#[test]
fn what_is_not_seen_in_a_difference_is_written_out() {
    let host = Host::start();
    let client = host.client();
    let first = store(&client, "x", "pay 10\n");
    let last = store(&client, "x", "pay\u{200b} \u{202e}01 שלום\tx\n");
    let browser = host.signed_in(KEY);
    let page = browser
        .get(&format!("{PAGE}?rev={first}&rev={last}"))
        .good();
    assert_has(&page, &["<i>U+200B</i>", "<i>U+202E</i>01", "\tx"]);
    assert!(!page.html.contains('\u{202e}') && !page.html.contains('\u{200b}'));
    // The direction is that of the text, and not of the word before it.
    assert_has(&page, &["Added: </span><bdi>"]);
}

#[test]
fn the_title_of_a_file_says_where_it_is() {
    let host = Host::start();
    store(&host.client(), "x", "one");
    host.client().push_files("p", &[("b.md", "x")]).good();
    let browser = host.signed_in(KEY);
    let page = browser.get(PAGE).good();
    assert_has(&page, &["<title>a.md · i · p · KamiFlow Sync</title>"]);
    let page = browser.get("/dashboard/projects/p/files/b.md").good();
    assert_has(&page, &["<title>b.md · p · KamiFlow Sync</title>"]);
}

#[test]
fn a_version_that_is_there_already_is_not_said_to_be_back() {
    let host = Host::start();
    let client = host.client();
    let first = store(&client, "x", "one").to_string();
    for text in ["two", "one"] {
        store(&client, "x", text);
    }
    let browser = host.signed_in(KEY);
    let page = browser.get(PAGE).good();
    let done = restore(&browser, &page, &first);
    assert!(done.leads_to().ends_with("?done=already-so"));
    let page = browser.get(done.leads_to()).good();
    assert_has(&page, &["No change: the project already had this content"]);
    assert_eq!(client.history("p", "i/a.md").len(), 3);
}

#[test]
fn other_than_two_marks_are_not_compared_without_a_word() {
    let host = Host::start();
    let client = host.client();
    let revs = ["one", "two", "three"].map(|text| store(&client, "laptop", text));
    let browser = host.signed_in(KEY);
    for (marked, is_said) in [(0, true), (1, true), (2, false), (3, true)] {
        let marks: String = revs[..marked]
            .iter()
            .map(|rev| format!("rev={rev}&"))
            .collect();
        let page = browser.get(&format!("{PAGE}?{marks}compare=yes")).good();
        let said = page.html.contains("mark two versions");
        assert_eq!(
            (said, page.html.contains("<table class=\"lines\">")),
            (is_said, !is_said)
        );
    }
    client.push_files("q", &[("a.md", "x")]).good();
    let page = browser.get("/dashboard/projects/q/files/a.md").good();
    assert!(!page.html.contains("Compare the two") && !page.html.contains("checkbox"));
}
