//! The dashboard: the keys of devices.

use serde_json::json;

use support::{Browser, Host, KEY, Page, file};

use super::dashboard::{HOSTILE, assert_harmless};
use super::keys::make;

const DEVICES: &str = "/dashboard/devices";

/// The key that a page shows.
fn shown_key(page: &Page) -> String {
    let (_, after) = page.html.split_once("<code>kfs_").expect("a key");
    format!("kfs_{}", after.split('<').next().unwrap())
}

#[test]
fn a_device_is_added_with_a_key_that_is_shown_once() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let browser = host.signed_in(KEY);
    let page = browser.get(DEVICES).good();
    assert!(page.html.contains("No device has a key"));
    let fields = [
        ("name", "máy tính"),
        ("scope", "append"),
        ("project", "p"),
        ("all", "yes"),
    ];
    let made = browser.submit(&page, DEVICES, &fields).good();
    assert_eq!(made.header("cache-control"), "no-store");
    let line = format!(
        "kami sync-db setup --backend <span data-origin>{}</span>",
        host.url
    );
    assert!(made.html.contains(&line));
    let key = shown_key(&made);
    // The project that was chosen, although the field for all of them was left as it was.
    let own = host.with_key(Some(&key)).get("/v1/keys/self").good();
    assert_eq!(
        (&own["scope"], &own["projects"]),
        (&json!("append"), &json!(["p"]))
    );
    host.with_key(Some(&key))
        .push_files("p", &[("b", "y")])
        .good();
    let list = browser.get(DEVICES).good().html;
    assert!(list.contains("<bdi>máy tính</bdi>") && !list.contains(&key[15..]));
    let all = [
        ("name", "phone"),
        ("scope", "read"),
        ("all", "yes"),
        ("expires", "2100-01-01"),
    ];
    let key = shown_key(&browser.submit(&page, DEVICES, &all).good());
    let own = host.with_key(Some(&key)).get("/v1/keys/self").good();
    assert_eq!(own["projects"], json!(null));
    assert_eq!(own["expires_at"], 4_102_531_199_000_i64);
}

#[test]
fn what_the_api_refuses_is_said_in_the_form_as_it_was_filled_in() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    let page = browser.get(DEVICES).good();
    for fields in [
        [("name", " "), ("scope", "read"), ("all", "yes")],
        [("name", "kept"), ("scope", "all"), ("all", "yes")],
        [("name", "kept"), ("scope", "read"), ("all", "")],
        [
            ("name", "kept"),
            ("scope", "read"),
            ("expires", "2000-01-01"),
        ],
    ] {
        let answer = browser.submit(&page, DEVICES, &fields);
        assert_eq!(answer.status, 400, "{fields:?}");
        assert!(answer.html.contains("role=\"alert\""));
        let is_kept = answer.html.contains("value=\"kept\"");
        assert_eq!(is_kept, fields[0].1 == "kept", "{fields:?}");
    }
    assert_eq!(host.client().get("/v1/keys").good()["keys"], json!([]));
    let limited = json!({ "name": "x", "scope": "manage", "projects": ["p"] });
    let browser = host.signed_in(make(&host, &limited)["key"].as_str().unwrap());
    let page = browser.get(DEVICES).good();
    assert!(!page.html.contains("name=\"all\""));
    let fields = [("name", "x"), ("scope", "read"), ("project", "q")];
    assert_eq!(browser.submit(&page, DEVICES, &fields).status, 403);
}

/// Sends a form with one mistake, and returns the page that comes back.
fn refused(browser: &Browser, fields: &[(&str, &str)]) -> String {
    let page = browser.get(DEVICES).good();
    let answer = browser.submit(&page, DEVICES, fields);
    assert_eq!(answer.status, 400, "{}", answer.html);
    answer.html
}

#[test]
fn a_form_with_a_mistake_comes_back_with_all_that_was_chosen() {
    let host = Host::start();
    for project in ["p", "q"] {
        host.client().push_files(project, &[("a", "x")]).good();
    }
    let browser = host.signed_in(KEY);
    let over = ("expires", "2000-01-01");
    let some = [("name", "kept"), ("scope", "read"), ("project", "p"), over];
    let html = refused(&browser, &some);
    for kept in [
        "value=\"kept\"",
        "value=\"read\" checked",
        "value=\"p\" checked",
        "value=\"2000-01-01\"",
    ] {
        assert!(html.contains(kept), "{kept} in {html}");
    }
    // Nothing widens what the next press makes.
    assert!(!html.contains("value=\"yes\" checked"), "{html}");
    assert!(!html.contains("value=\"q\" checked"), "{html}");
    let all = [("name", "x"), ("scope", "read"), ("all", "yes"), over];
    assert!(refused(&browser, &all).contains("value=\"yes\" checked"));
    // Also a project that is not offered any more.
    let gone = [("project", "gone"), over];
    let html = refused(&browser, &[&all[..3], &gone].concat());
    assert!(html.contains("value=\"gone\" checked"), "{html}");
}

#[test]
fn a_mistake_is_said_at_its_field_in_plain_words() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    let (name, scope, all) = (("name", "x"), ("scope", "read"), ("all", "yes"));
    let over = ("expires", "2000-01-01");
    for (fields, sentence, field) in [
        (
            &[("name", " "), scope, all][..],
            "Give the device a name",
            "id=\"name\"",
        ),
        (
            &[name, ("scope", "all"), all],
            "Choose what the device may do",
            "",
        ),
        (&[name, scope], "or all projects.", ""),
        (
            &[name, scope, all, over],
            "Choose today or a later day",
            "id=\"expires\"",
        ),
    ] {
        let html = refused(&browser, fields);
        let problem = html.split("id=\"problem\"").nth(1).expect("a problem");
        let told = problem.split("</p>").next().unwrap();
        assert!(told.contains(sentence), "{told}");
        assert_eq!(html.matches(" autofocus").count(), 1, "{html}");
        let input = html.split("<input ").find(|input| input.contains(field));
        let input = input.unwrap().split('>').next().unwrap();
        if !field.is_empty() {
            assert!(input.contains("aria-describedby=\"problem "), "{input}");
            assert!(input.contains("aria-invalid=\"true\" autofocus"), "{input}");
        }
    }
    assert!(
        browser
            .get(DEVICES)
            .good()
            .html
            .contains("type=\"date\" min=\"20")
    );
}

#[test]
fn a_key_is_rotated_and_revoked() {
    let host = Host::start();
    let made = make(&host, &json!({ "name": "laptop", "scope": "read" }));
    let (id, old) = (made["id"].as_str().unwrap(), made["key"].as_str());
    let browser = host.signed_in(KEY);
    let page = browser.get(DEVICES).good();
    let rotated = browser
        .submit(&page, &format!("{DEVICES}/{id}/rotate"), &[])
        .good();
    let new = shown_key(&rotated);
    assert!(rotated.html.contains("The key before works until"));
    for key in [old, Some(&new)] {
        host.with_key(key).get("/v1/info").good();
    }
    let revoke = format!("{DEVICES}/{id}/revoke");
    let revoked = browser.submit(&page, &revoke, &[]);
    assert_eq!(revoked.leads_to(), "/dashboard/devices?done=device-revoked");
    let list = browser.get(revoked.leads_to()).good().html;
    assert!(list.contains("The key was revoked") && !list.contains("<bdi>laptop</bdi>"));
    host.with_key(Some(&new))
        .get("/v1/info")
        .failed(403, "key_revoked");
    for gone in [revoke, format!("{DEVICES}/nope/rotate")] {
        let answer = browser.submit(&page, &gone, &[]);
        assert!(
            [303, 404].contains(&answer.status),
            "{gone}: {}",
            answer.status
        );
    }
    assert_eq!(
        browser.post(&format!("{DEVICES}/{id}/rotate"), &[]).status,
        400
    );
}

#[test]
fn a_device_that_lags_behind_is_seen() {
    let host = Host::start();
    let made = make(&host, &json!({ "name": "laptop", "scope": "read" }));
    host.client()
        .push_files("p", &[("a", "x"), ("b", "y")])
        .good();
    host.with_key(made["key"].as_str()).pull_all("p", 100);
    let browser = host.signed_in(KEY);
    let shows = |text: &str| {
        let began = std::time::Instant::now();
        // What is known of a device is written after the answer.
        while !browser.get(DEVICES).good().html.contains(text) {
            assert!(began.elapsed().as_secs() < 10, "{text}");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    };
    shows("up to date");
    host.client().push_files("p", &[("c", "z")]).good();
    shows("1 change behind");
}

#[test]
fn only_a_key_that_manages_sees_devices() {
    let host = Host::start();
    for scope in ["read", "append", "write"] {
        let made = make(&host, &json!({ "name": "x", "scope": scope }));
        let browser = host.signed_in(made["key"].as_str().unwrap());
        let home = browser.get("/dashboard").good();
        assert!(!home.html.contains(DEVICES));
        assert_eq!(browser.get(DEVICES).status, 403);
        let fields = [("name", "x"), ("scope", "read"), ("all", "yes")];
        assert_eq!(browser.submit(&home, DEVICES, &fields).status, 403);
        for what in ["rotate", "revoke"] {
            let address = format!("{DEVICES}/{}/{what}", made["id"].as_str().unwrap());
            assert_eq!(browser.submit(&home, &address, &[]).status, 403);
        }
    }
}

#[test]
fn many_devices_with_any_names_are_shown_in_small_pages() {
    let host = Host::start();
    for number in 0..120 {
        let name = HOSTILE[number % HOSTILE.len()];
        make(
            &host,
            &json!({ "name": name, "scope": "read", "projects": [name.replace('/', "")] }),
        );
    }
    let browser = host.signed_in(KEY);
    let mut shown = 0;
    for from in ["", "?from=50", "?from=100", "?from=200", "?from=x"] {
        let page = browser.get(&format!("{DEVICES}{from}")).good();
        assert_harmless(&page);
        assert!(page.bytes.len() < 200_000, "{}", page.bytes.len());
        if from != "?from=x" {
            shown += page.html.matches("<details").count();
        }
    }
    assert_eq!(shown, 120);
}

#[test]
fn projects_of_one_name_are_told_apart_and_missing_ones_are_pointed_out() {
    let host = Host::start();
    let client = host.client();
    for (id, name) in [
        ("p1", "Zebra"),
        ("p2", "Diary"),
        ("p3", "Diary"),
        ("p4", "apple"),
    ] {
        let push = json!({ "files": [file("a", b"x")], "metadata": { "name": name } });
        client.push(id, &push).good();
    }
    let browser = host.signed_in(KEY);
    let html = browser.get(DEVICES).good().html;
    let offered = html.split("name=\"project\" value=\"").skip(1);
    let offered: Vec<_> = offered
        .map(|choice| choice.split("</label>").next().unwrap())
        .collect();
    let ids: Vec<_> = offered.iter().map(|choice| &choice[..2]).collect();
    assert_eq!(ids, ["p4", "p2", "p3", "p1"]);
    for choice in offered {
        let id = format!("<bdi>{}</bdi>", &choice[..2]);
        assert!(choice.contains(&id), "{choice}");
    }
    let more = "There are more projects";
    assert!(!html.contains(more));
    for number in 0..200 {
        client
            .push_files(&format!("q{number}"), &[("a", "x")])
            .good();
    }
    assert!(browser.get(DEVICES).good().html.contains(more));
}
