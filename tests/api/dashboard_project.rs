//! The dashboard: the pages of a project.

use std::io::Read;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use serde_json::{Value, json};

use support::{Browser, Host, KEY, Page, encode, file, first_rev};

use super::dashboard::{HOSTILE, assert_harmless};
use super::keys::make;

/// A browser with a new key of this scope, for these projects.
fn device(host: &Host, scope: &str, projects: &Value) -> Browser {
    let made = json!({ "name": "x", "scope": scope, "projects": projects });
    host.signed_in(make(host, &made)["key"].as_str().unwrap())
}

/// The addresses of the pages of a project, and the scope that each needs.
const PAGES: [(&str, &str); 7] = [
    ("", "read"),
    ("/deleted", "read"),
    ("/replaced", "read"),
    ("/download", "read"),
    ("/parts", "read"),
    ("/restore", "write"),
    ("/delete", "manage"),
];

type Fields = Vec<(&'static str, String)>;

/// Forms that change something, with the scope that each needs.
fn forms(rev: &str) -> [(&'static str, Fields, &'static str); 3] {
    let at = "2100-01-01T00:00:00Z".to_owned();
    [
        (
            "/versions",
            vec![("path", "a".to_owned()), ("rev", rev.to_owned())],
            "write",
        ),
        ("/restore", vec![("at", at)], "write"),
        ("/delete", vec![("name", "p".to_owned())], "manage"),
    ]
}

#[test]
fn files_are_shown_by_folder_and_found_by_name() {
    let host = Host::start();
    let files = [
        ("ideas/trip.md", "x"),
        ("ideas/deep/b.md", "y"),
        ("Readme.md", "z"),
    ];
    host.client().push_files("p", &files).good();
    let browser = host.signed_in(KEY);
    let root = browser.get("/dashboard/projects/p").good().html;
    assert!(root.contains("<bdi>ideas</bdi>") && root.contains("<bdi>Readme.md</bdi>"));
    assert!(root.contains("2 files") && !root.contains("trip.md"));
    assert!(root.contains("href=\"/dashboard/projects/p?in=ideas\""));
    let folder = browser.get("/dashboard/projects/p?in=ideas").good().html;
    assert!(folder.contains("<bdi>trip.md</bdi>") && folder.contains("<bdi>deep</bdi>"));
    assert!(folder.contains("href=\"/dashboard/projects/p/files/ideas/trip.md\""));
    assert!(!folder.contains("Readme"));
    let found = browser.get("/dashboard/projects/p?q=B.MD").good().html;
    assert!(found.contains("<bdi>ideas/<wbr>deep/<wbr>b.md</bdi>") && !found.contains("trip"));
    let none = browser.get("/dashboard/projects/p?q=nothing").good().html;
    assert!(none.contains("href=\"/dashboard/projects/p/deleted?q=nothing\""));
}

#[test]
fn a_folder_of_ten_thousand_files_has_small_pages_that_show_each_once() {
    let host = Host::start();
    let files: Vec<Value> = (0..10_000)
        .map(|number| file(&format!("ideas/{number:05}-{}.md", "n".repeat(40)), b"x"))
        .collect();
    host.client().push("p", &json!({ "files": files })).good();
    let browser = host.signed_in(KEY);
    let (mut next, mut shown) = ("/dashboard/projects/p?in=ideas".to_owned(), 0);
    loop {
        let page = browser.get(&next).good();
        assert!(page.bytes.len() < 200_000, "{}", page.bytes.len());
        shown += page.html.matches("class=\"entry file\"").count();
        let Some((_, after)) = page
            .html
            .split_once("class=\"button quiet\" href=\"/dashboard/projects/p?")
        else {
            break;
        };
        let query = after.split('"').next().unwrap().replace("&#38;", "&");
        next = format!("/dashboard/projects/p?{query}");
    }
    assert_eq!(shown, 10_000);
    let all = browser.get("/dashboard/projects/p?q=n.md").good();
    assert!(all.bytes.len() < 200_000, "{}", all.bytes.len());
}

#[test]
fn a_deleted_file_is_brought_back_with_one_button_and_those_who_wait_hear_of_it() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("ideas/lost.md", "precious")])
        .good();
    client
        .push("p", &json!({ "files": [], "deletions": ["ideas/lost.md"] }))
        .good();
    let browser = host.signed_in(KEY);
    let page = browser.get("/dashboard/projects/p/deleted?q=LOST").good();
    assert!(
        page.html.contains("<bdi>ideas/<wbr>lost.md</bdi>"),
        "{}",
        page.html
    );
    let cursor = client.ask("p", "changes").good()["cursor"].clone();
    let waiting = thread::spawn({
        let client = host.client();
        let query = format!("changes?wait=60&since={}", cursor.as_str().unwrap());
        move || client.ask("p", &query).good()
    });
    thread::sleep(Duration::from_millis(300));
    let answer = browser.submit(&page, "/dashboard/projects/p/versions", &[]);
    let list = "/dashboard/projects/p/deleted?done=version-restored";
    assert_eq!(answer.leads_to(), list);
    let change = &waiting.join().unwrap()["changes"][0];
    assert_eq!(
        (&change["path"], &change["device"]),
        (&json!("ideas/lost.md"), &json!("dashboard"))
    );
    assert_eq!(client.ask("p", "files/ideas/lost.md").bytes, b"precious");
    let empty = browser.get("/dashboard/projects/p/deleted").good().html;
    assert!(empty.contains("Nothing was deleted"));
}

#[test]
fn a_newer_edit_that_was_replaced_is_brought_back() {
    let host = Host::start();
    for (text, modified) in [("base", 1), ("newer", 2000), ("older", 1000)] {
        let mut entry = file("a", text.as_bytes());
        entry["modified"] = json!(modified);
        host.client().push("p", &json!({ "files": [entry] })).good();
    }
    let browser = host.signed_in(KEY);
    let page = browser.get("/dashboard/projects/p/replaced").good();
    assert_eq!(page.html.matches("<tr>").count(), 2, "{}", page.html);
    let fields = [("path", page.hidden("path")), ("rev", page.hidden("rev"))];
    let list = [&fields[..], &[("list", page.hidden("list"))]].concat();
    let answer = browser.submit(&page, "/dashboard/projects/p/versions", &list);
    let replaced = "/dashboard/projects/p/replaced?done=version-restored";
    assert_eq!(answer.leads_to(), replaced);
    assert_eq!(host.client().ask("p", "files/a").bytes, b"newer");
}

#[test]
fn going_back_in_time_is_shown_before_it_is_done() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("changed", "one"), ("same", "x"), ("gone", "y")])
        .good();
    let then = client.history("p", "gone")[0]["rev"].as_i64().unwrap();
    let then = DateTime::from_timestamp_micros(then + 1).unwrap();
    let then = then.to_rfc3339_opts(SecondsFormat::Micros, true);
    let push =
        json!({ "files": [file("changed", b"two"), file("new", b"z")], "deletions": ["gone"] });
    client.push("p", &push).good();
    let browser = host.signed_in(KEY);
    let address = format!("/dashboard/projects/p/restore?at={}", encode(&then));
    let page = browser.get(&address).good();
    for part in [
        "3 files would change",
        "comes back",
        "gets its older content",
        "is deleted",
    ] {
        assert!(page.html.contains(part), "{part} in {}", page.html);
    }
    assert!(!page.html.contains("<bdi>same</bdi>"));
    assert_eq!(client.ask("p", "files/changed").bytes, b"two");
    let at = page.hidden("at");
    let answer = browser.submit(&page, "/dashboard/projects/p/restore", &[("at", at)]);
    assert_eq!(
        answer.leads_to(),
        "/dashboard/projects/p?done=project-restored"
    );
    assert!(
        browser
            .get(answer.leads_to())
            .good()
            .html
            .contains("role=\"status\"")
    );
    assert_eq!(client.ask("p", "files/changed").bytes, b"one");
    assert_eq!(client.ask("p", "files/new").status, 404);
    let again = browser.get(&address).good();
    assert!(again.html.contains("Nothing would change"));
    for (bad, sentence) in [
        ("soon", "Choose a day"),
        ("1999-01-01T00:00", "has no version from that time: choose"),
    ] {
        let page = browser
            .get(&format!("/dashboard/projects/p/restore?at={bad}"))
            .good();
        assert!(
            page.html.contains(sentence) && page.html.contains("role=\"alert\""),
            "{}",
            page.html
        );
    }
}

#[test]
fn a_preview_names_what_was_purged_and_stays() {
    let host = Host::start();
    let client = host.client();
    client
        .push_files("p", &[("first", "x"), ("<secret>", "y")])
        .good();
    let then = client.history("p", "<secret>")[0]["rev"].as_i64().unwrap();
    let then = DateTime::from_timestamp_micros(then + 1).unwrap();
    let purge = json!({ "path": "<secret>" });
    client.post("/v1/projects/p/purge", &purge).good();
    let then = encode(&then.to_rfc3339_opts(SecondsFormat::Micros, true));
    let address = format!("/dashboard/projects/p/restore?at={then}");
    let page = host.signed_in(KEY).get(&address).good();
    for part in ["Nothing would change", "All other files", "&lt;secret&gt;"] {
        assert!(page.html.contains(part), "{part} in {}", page.html);
    }
}

#[test]
fn a_project_is_deleted_when_its_name_is_typed_and_not_before() {
    let host = Host::start();
    let client = host.client();
    let named = json!({ "metadata": { "name": "My diary" }, "files": [file("a", b"x")] });
    client.push("p", &named).good();
    let browser = host.signed_in(KEY);
    let page = browser.get("/dashboard/projects/p/delete").good();
    assert!(page.html.contains("<bdi>My diary</bdi>"));
    for wrong in ["", "my diary", "q"] {
        let answer = browser.submit(&page, "/dashboard/projects/p/delete", &[("name", wrong)]);
        assert_eq!(answer.status, 422);
        assert!(answer.html.contains("nothing was deleted"));
        let kept = format!("value=\"{wrong}\" aria-invalid=\"true\"");
        assert!(answer.html.contains(&kept), "{}", answer.html);
    }
    assert_eq!(client.status("p")["fileCount"], 1);
    let answer = browser.submit(
        &page,
        "/dashboard/projects/p/delete",
        &[("name", " My diary ")],
    );
    assert_eq!(answer.leads_to(), "/dashboard?done=project-deleted");
    assert!(
        browser
            .get(answer.leads_to())
            .good()
            .html
            .contains("The project was deleted")
    );
    assert_eq!(client.get("/v1/projects").good()["projects"], json!([]));
    client.push_files("p", &[("a", "x")]).good();
    let by_id = browser.submit(&page, "/dashboard/projects/p/delete", &[("name", "p")]);
    by_id.leads_to();
}

#[test]
fn a_place_in_a_list_that_no_page_has_written_is_refused() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let browser = host.signed_in(KEY);
    for page in ["deleted", "replaced"] {
        for (before, status) in [("", 200), ("7", 200), ("x", 400), ("7.1", 400)] {
            let address = format!("/dashboard/projects/p/{page}?before={before}");
            assert_eq!(browser.get(&address).status, status, "{address}");
        }
    }
}

/// Path and content of all files in a tar file, in the order of their paths.
fn unpacked(answer: &Page) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(&answer.bytes[..]);
    let read = |entry: std::io::Result<tar::Entry<&[u8]>>| {
        let (mut entry, mut text) = (entry.unwrap(), String::new());
        entry.read_to_string(&mut text).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), text)
    };
    let mut found: Vec<_> = archive.entries().unwrap().map(read).collect();
    found.sort();
    found
}

#[test]
fn a_large_project_is_downloaded_in_parts_that_have_each_file_once() {
    let host = Host::start();
    let push = |number: usize, text: &str| {
        let content = text.repeat(8 << 20);
        let path = format!("f{number}");
        host.client().push_files("p", &[(&path, &content)]).good();
    };
    (0..9).for_each(|number| push(number, &number.to_string()));
    let browser = host.signed_in(KEY);
    let whole = browser.get("/dashboard/projects/p/download");
    assert_eq!(whole.status, 400);
    assert!(whole.html.contains("in parts"), "{}", whole.html);
    let page = browser.get("/dashboard/projects/p").good();
    assert!(page.html.contains("href=\"/dashboard/projects/p/parts\""));
    let page = browser.get("/dashboard/projects/p/parts").good();
    assert!(page.html.contains("Download in 2 parts") && page.html.contains("64 MiB"));
    // It goes to the last part.
    push(0, "x");
    let links = page
        .html
        .split("href=\"/dashboard/projects/p/download?")
        .skip(1);
    let links = links.map(|link| link.split('"').next().unwrap().replace("&#38;", "&"));
    let parts = links.map(|query| {
        browser
            .get(&format!("/dashboard/projects/p/download?{query}"))
            .good()
    });
    let parts: Vec<_> = parts.collect();
    let name = "attachment; filename*=UTF-8''p%2D2%2Etar";
    assert_eq!(parts[1].header("content-disposition"), name);
    let files: Vec<_> = parts.iter().map(unpacked).collect();
    let names = |part: &[(String, String)]| {
        part.iter()
            .map(|(path, _)| path.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&files[0]), ["f1", "f2", "f3", "f4", "f5", "f6", "f7"]);
    assert_eq!(names(&files[1]), ["f0", "f8"]);
    assert!(files[1][0].1.bytes().all(|byte| byte == b'x'));
    let wrong = browser.get("/dashboard/projects/p/download?after=x");
    assert_eq!(wrong.status, 400);
}

#[test]
fn a_download_has_all_files_as_they_are() {
    let host = Host::start();
    let long = format!("ideas/{}.md", "é".repeat(120));
    let files = [("a.md", "one"), (&long, "two"), ("ideas/empty", "")];
    host.client().push_files("ghi%20ch%C3%BA", &files).good();
    let answer = host
        .signed_in(KEY)
        .get("/dashboard/projects/ghi%20ch%C3%BA/download")
        .good();
    assert_eq!(answer.header("content-type"), "application/x-tar");
    let name = "attachment; filename*=UTF-8''ghi%20ch%C3%BA%2Etar";
    assert_eq!(answer.header("content-disposition"), name);
    let found = unpacked(&answer);
    let mut expected = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn every_page_needs_its_scope_and_changes_nothing_without() {
    let host = Host::start();
    let client = host.client();
    let rev = first_rev(client.push_files("p", &[("a", "x")])).to_string();
    client.push_files("p", &[("a", "y")]).good();
    let scopes = ["read", "append", "write", "manage"];
    let place = |scope: &str| scopes.iter().position(|name| *name == scope);
    for scope in scopes {
        let browser = device(&host, scope, &json!(["p"]));
        for (page, needs) in PAGES {
            let answer = browser.get(&format!("/dashboard/projects/p{page}"));
            let may = place(scope) >= place(needs);
            assert_eq!(answer.status, if may { 200 } else { 403 }, "{page} {scope}");
        }
        let page = browser.get("/dashboard/projects/p").good();
        for (form, fields, needs) in forms(&rev) {
            if place(scope) >= place(needs) {
                continue;
            }
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let answer = browser.submit(&page, &format!("/dashboard/projects/p{form}"), &fields);
            assert_eq!(answer.status, 403, "{form} {scope}");
            assert!(
                answer
                    .html
                    .contains(&format!("the scope &#39;{needs}&#39;")),
                "{}",
                answer.html
            );
        }
        assert_eq!(client.ask("p", "files/a").bytes, b"y");
    }
}

#[test]
fn another_project_is_refused_alike_whether_it_exists_or_not() {
    let host = Host::start();
    let rev = first_rev(host.client().push_files("p", &[("a", "x")])).to_string();
    host.client().push_files("own", &[("a", "x")]).good();
    let browser = device(&host, "manage", &json!(["own"]));
    let token = browser.get("/dashboard/projects/own").good();
    for (page, _) in PAGES {
        let [there, nowhere] =
            ["p", "ghost"].map(|id| browser.get(&format!("/dashboard/projects/{id}{page}")));
        assert_eq!((there.status, nowhere.status), (403, 403), "{page}");
        let same = |page: &support::Page| page.html.replace("ghost", "p");
        assert_eq!(same(&there), same(&nowhere));
    }
    for (form, fields, _) in forms(&rev) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        for id in ["p", "ghost"] {
            let answer =
                browser.submit(&token, &format!("/dashboard/projects/{id}{form}"), &fields);
            assert_eq!(answer.status, 403, "{form} {id}");
        }
    }
    assert_eq!(
        host.signed_in(KEY).get("/dashboard/projects/ghost").status,
        404
    );
    assert_eq!(host.client().status("p")["fileCount"], 1);
}

#[test]
fn a_form_without_the_token_changes_nothing() {
    let host = Host::start();
    let rev = first_rev(host.client().push_files("p", &[("a", "x")])).to_string();
    host.client().push_files("p", &[("a", "y")]).good();
    let browser = host.signed_in(KEY);
    for (form, fields, _) in forms(&rev) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = browser.post(&format!("/dashboard/projects/p{form}"), &fields);
        assert_eq!(answer.status, 400, "{form}");
    }
    assert_eq!(host.client().ask("p", "files/a").bytes, b"y");
}

#[test]
fn names_of_files_are_text_and_nothing_else() {
    let host = Host::start();
    let paths: Vec<_> = HOSTILE.iter().map(|name| format!("ideas/{name}")).collect();
    let mut entries: Vec<_> = paths.iter().map(|path| file(path, b"x")).collect();
    entries.push(file(&"n".repeat(255), b"x"));
    let device = HOSTILE[1];
    let headers = [("x-device", device), ("content-type", "application/json")];
    let send = |body: Value| {
        let path = "/v1/projects/p/sync";
        host.client()
            .send("POST", path, &headers, body.to_string().as_bytes())
            .good()
    };
    for modified in [2000, 1000] {
        for entry in &mut entries {
            *entry = file(
                entry["path"].as_str().unwrap(),
                modified.to_string().as_bytes(),
            );
            entry["modified"] = json!(modified);
        }
        send(json!({ "files": entries }));
    }
    let browser = host.signed_in(KEY);
    let pages = |browser: &Browser| {
        for page in [
            "?in=ideas",
            "?q=a",
            "/replaced",
            "/deleted",
            "/restore?at=2100-01-01T00:00",
            "/delete",
        ] {
            assert_harmless(&browser.get(&format!("/dashboard/projects/p{page}")).good());
        }
    };
    pages(&browser);
    send(json!({ "files": [], "deletions": paths }));
    pages(&browser);
    for hostile in HOSTILE.map(encode) {
        for page in [
            format!("?q={hostile}"),
            format!("?in={hostile}"),
            format!("/deleted?q={hostile}"),
        ] {
            assert_harmless(&browser.get(&format!("/dashboard/projects/p{page}")).good());
        }
        let at = browser.get(&format!("/dashboard/projects/p/restore?at={hostile}"));
        assert_harmless(&at.good());
    }
}

#[test]
fn the_second_of_a_version_is_the_whole_second() {
    let host = Host::start();
    let client = host.client();
    let first = first_rev(client.push_files("p", &[("a", "one")]));
    let second = first / 1_000_000;
    while UNIX_EPOCH.elapsed().unwrap().as_secs() == second.cast_unsigned() {
        thread::sleep(Duration::from_millis(20));
    }
    client.push_files("p", &[("a", "two")]).good();
    let browser = host.signed_in(KEY);
    let at = DateTime::from_timestamp(second, 0).unwrap();
    // As the field sends it without JavaScript, and with it.
    for format in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.000Z"] {
        let at = encode(&at.format(format).to_string());
        let form = "/dashboard/projects/p/restore";
        let page = browser.get(&format!("{form}?at={at}")).good();
        assert!(page.html.contains("1 file would change"), "{}", page.html);
    }
}

#[test]
fn a_link_leads_to_no_page_that_the_key_may_not_see() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let deletion = json!({ "files": [], "deletions": ["a"] });
    host.client().push("p", &deletion).good();
    for (scope, is_offered) in [("read", false), ("append", false), ("write", true)] {
        let page = device(&host, scope, &json!(["p"]))
            .get("/dashboard/projects/p")
            .good();
        let offers = page.html.contains("/restore\">back in time");
        assert_eq!(offers, is_offered, "{scope}");
    }
}
