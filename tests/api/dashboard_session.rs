//! The dashboard: signing in, the cookie, forged forms, and when a session ends.

use std::thread::sleep;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::{Value, json};

use support::{Browser, Host, KEY, run};

use super::keys::make;

const HOUR_US: i64 = 3_600_000_000;

/// Whether the browser sees pages.
fn is_signed_in(browser: &Browser) -> bool {
    let page = browser.get("/dashboard");
    match page.status {
        200 => true,
        _ => {
            assert_eq!(page.leads_to(), "/dashboard/sign-in");
            false
        }
    }
}

fn key(made: &Value) -> &str {
    made["key"].as_str().unwrap()
}

#[test]
fn a_session_begins_with_a_key_and_ends_when_somebody_signs_out() {
    let host = Host::start();
    let browser = host.browser();
    assert!(!is_signed_in(&browser));
    let form = browser.get("/dashboard/sign-in").good();
    assert!(form.html.contains("name=\"key\"") && !form.html.contains("name=\"user\""));
    let answer = browser.sign_in(KEY);
    assert_eq!(answer.leads_to(), "/dashboard");
    let cookie = answer.header("set-cookie").to_owned();
    assert!(
        !cookie.contains(KEY) && !cookie.contains("Secure"),
        "{cookie}"
    );
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let page = browser.get("/dashboard").good();
    let session = browser.cookie();
    let answer = browser.submit(&page, "/dashboard/sign-out", &[]);
    assert_eq!(answer.leads_to(), "/dashboard/sign-in");
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    browser.set_cookie(&session);
    assert!(!is_signed_in(&browser));
}

#[test]
fn signing_in_leads_back_to_the_page_that_was_asked_for() {
    let host = Host::start();
    let browser = host.browser();
    let asked = browser.get("/dashboard?after=a%20b");
    let form = browser.get(asked.leads_to()).good();
    let next = form.hidden("next").to_owned();
    assert_eq!(next, "/dashboard?after=a%20b");
    let fields = [("key", KEY), ("next", &next)];
    assert_eq!(browser.post("/dashboard/sign-in", &fields).leads_to(), next);
    let fields = [("key", KEY), ("next", "https://evil.example/dashboard")];
    let answer = browser.post("/dashboard/sign-in", &fields);
    assert_eq!(answer.leads_to(), "/dashboard");
}

/// The cookie is strict: a browser that follows a link of another site does not send it.
#[test]
fn a_link_from_another_site_opens_the_page_with_the_session() {
    let host = Host::start();
    let browser = host.browser();
    let link = "/dashboard?after=%22%3E%3Cb";
    let page = browser.send("GET", link, &[("sec-fetch-site", "cross-site")], "");
    let refresh = format!("<meta http-equiv=\"refresh\" content=\"0; url={link}\">");
    assert!(page.good().html.contains(&refresh));
    for site in ["same-origin", "none"] {
        let page = browser.send("GET", link, &[("sec-fetch-site", site)], "");
        assert!(page.leads_to().starts_with("/dashboard/sign-in?next="));
    }
    browser.sign_in(KEY);
    let page = browser.send("GET", "/dashboard", &[("sec-fetch-site", "cross-site")], "");
    assert!(!page.good().html.contains("http-equiv"));
}

#[test]
fn a_wrong_key_counts_as_everywhere_and_opens_nothing() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "3")]);
    let browser = host.browser();
    let other = make(&host, &json!({ "name": "x", "scope": "read" }));
    for (wrong, status) in [("guess", 403), ("kfs_typing_error", 401), ("", 401)] {
        let answer = browser.sign_in(wrong);
        assert_eq!(answer.status, status);
        assert!(answer.html.contains("role=\"alert\""), "{}", answer.html);
        assert_eq!(answer.header("set-cookie"), "");
        assert!(answer.header("www-authenticate").is_empty());
    }
    let answer = browser.sign_in("guess");
    assert_eq!(
        (answer.status, answer.html.contains("Too many")),
        (429, true)
    );
    assert!(!answer.header("retry-after").is_empty());
    let guess = host.with_key(Some("guess"));
    guess.get("/v1/info").failed(429, "rate_limited");
    // Guesses of others do not lock out a person with a key.
    assert_eq!(browser.sign_in(KEY).status, 303);
    assert_eq!(browser.sign_in(key(&other)).status, 303);
}

#[test]
fn the_cookie_goes_over_https_only_where_the_request_came_that_way() {
    let direct = Host::start();
    let behind_proxy = Host::with(&[("TRUSTED_PROXIES", "127.0.0.1")]);
    let forwarded = ("x-forwarded-proto", "https");
    for (host, headers, is_secure) in [
        (&direct, vec![forwarded], false),
        (&behind_proxy, vec![forwarded], true),
        (&behind_proxy, vec![("x-forwarded-proto", "http")], false),
        // The browser says itself that the page with the form came over HTTPS.
        (&direct, vec![("origin", "https")], true),
    ] {
        let browser = host.browser();
        let https = host.url.replace("http:", "https:");
        let own = match headers[0].0 {
            "origin" => vec![("origin", https.as_str())],
            _ => [vec![("origin", host.url.as_str())], headers.clone()].concat(),
        };
        let answer = browser.send("POST", "/dashboard/sign-in", &own, &format!("key={KEY}"));
        let cookie = answer.header("set-cookie");
        assert_eq!(cookie.starts_with("__Host-"), is_secure, "{cookie}");
        assert_eq!(
            cookie.ends_with("; Secure"),
            is_secure,
            "{headers:?} {cookie}"
        );
    }
}

#[test]
fn a_form_of_another_site_or_without_its_token_changes_nothing() {
    let host = Host::start();
    let (browser, other) = (host.signed_in(KEY), host.signed_in(KEY));
    let page = browser.get("/dashboard").good();
    let token = page.hidden("token").to_owned();
    let of_other = other.get("/dashboard").good().hidden("token").to_owned();
    assert_ne!(token, of_other);
    let path = "/dashboard/sign-out";
    for fields in [&[][..], &[("token", "")], &[("token", of_other.as_str())]] {
        assert_eq!(browser.post(path, fields).status, 400, "{fields:?}");
    }
    let right = [("token", token.as_str())];
    let here = host.url.replace("127.0.0.1", "localhost");
    for origin in ["https://evil.example", "null", "http://127.0.0.1", &here] {
        assert_eq!(
            browser.post_from(origin, path, &right).status,
            400,
            "{origin}"
        );
        let key = [("key", KEY)];
        let signed_in = browser.post_from(origin, "/dashboard/sign-in", &key);
        assert_eq!(signed_in.status, 400, "{origin}");
    }
    let body = format!("token={token}");
    let without = browser.send("POST", path, &[], &body);
    assert_eq!(without.status, 400);
    for site in ["cross-site", "same-site", "none"] {
        let headers = [("origin", host.url.as_str()), ("sec-fetch-site", site)];
        assert_eq!(
            browser.send("POST", path, &headers, &body).status,
            400,
            "{site}"
        );
    }
    assert!(is_signed_in(&browser));
    let headers = [("sec-fetch-site", "same-origin")];
    assert_eq!(browser.send("POST", path, &headers, &body).status, 303);
    assert!(!is_signed_in(&browser));
}

#[test]
fn a_session_ends_with_its_key() {
    let host = Host::start();
    let manage = json!({ "name": "x", "scope": "read" });
    let [revoked, rotated, kept] = [(); 3].map(|()| make(&host, &manage));
    let browsers = [&revoked, &rotated, &kept].map(|made| host.signed_in(key(made)));
    let address = |made: &Value| format!("/v1/keys/{}", made["id"].as_str().unwrap());
    host.client().delete(&address(&revoked)).good();
    let rotate = format!("{}/rotate", address(&rotated));
    host.client()
        .post(&rotate, &json!({ "grace_s": 60 }))
        .good();
    assert!(!is_signed_in(&browsers[0]) && is_signed_in(&browsers[1]));
    host.client().post(&rotate, &json!({ "grace_s": 0 })).good();
    assert!(!is_signed_in(&browsers[1]) && is_signed_in(&browsers[2]));
    let expire = "UPDATE device_key SET expires_at = 1";
    let database = Connection::open(host.database()).unwrap();
    database.execute_batch(expire).unwrap();
    assert!(!is_signed_in(&browsers[2]));
}

#[test]
fn a_session_outlives_the_server_but_not_the_key_of_the_owner() {
    let host = Host::start();
    let old = host.signed_in(KEY);
    let cookie = old.cookie();
    let (_, _, folder) = host.stop();
    let other = "another-key-of-the-owner";
    let mut folder = Some(folder);
    for (settings, expected) in [
        (&[][..], true),
        (&[("API_KEY", other), ("API_KEY_PREVIOUS", KEY)], true),
        (&[("API_KEY", other)], false),
    ] {
        let host = Host::resume(folder.take().unwrap(), settings);
        let browser = host.browser();
        browser.set_cookie(&cookie);
        assert_eq!(is_signed_in(&browser), expected, "{settings:?}");
        folder = Some(host.stop().2);
    }
}

#[test]
fn a_session_ends_after_twelve_hours_without_a_request() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    let database = Connection::open(host.database()).unwrap();
    let used_at = || -> i64 {
        let select = "SELECT used_at FROM session";
        database.query_row(select, [], |row| row.get(0)).unwrap()
    };
    let began = used_at();
    let set = |at: i64| {
        database
            .execute("UPDATE session SET used_at = ?1", [at])
            .unwrap()
    };
    set(began - 11 * HOUR_US);
    assert!(is_signed_in(&browser));
    // That request was a use, which is written after the answer.
    while used_at() < began {
        sleep(Duration::from_millis(10));
    }
    set(began - 12 * HOUR_US);
    assert!(!is_signed_in(&browser));
}

#[test]
fn the_database_has_no_session_id_and_nothing_of_a_key() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    let cookie = browser.cookie();
    let id = cookie.split_once('=').unwrap().1.to_owned();
    let path = host.database();
    let (_, log, _folder) = host.stop();
    let stored = std::fs::read(path).unwrap();
    for secret in [id.as_str(), KEY] {
        let is_in = |bytes: &[u8]| {
            bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        };
        assert!(!is_in(&stored) && !is_in(log.as_bytes()));
    }
}

#[test]
fn a_restored_backup_opens_no_session_again() {
    let host = Host::start();
    host.client().push_files("p", &[("a", "x")]).good();
    let browser = host.signed_in(KEY);
    let (database, backup) = (host.database(), host.database().with_file_name("backup.db"));
    run(&database, &["backup", support::argument(&backup)]).good();
    let cookie = browser.cookie();
    let (_, _, folder) = host.stop();
    run(&database, &["restore", support::argument(&backup)]).good();
    let host = Host::resume(folder, &[]);
    let browser = host.browser();
    browser.set_cookie(&cookie);
    assert!(!is_signed_in(&browser));
}

#[test]
fn the_password_of_the_settings_has_the_rights_of_the_owner_until_it_changes() {
    let settings = [
        ("DASHBOARD_USER", "ann"),
        ("DASHBOARD_PASS", "correct horse"),
    ];
    let host = Host::with(&settings);
    host.client().push_files("p", &[("a", "x")]).good();
    let browser = host.browser();
    let form = browser.get("/dashboard/sign-in").good();
    assert!(form.html.contains("name=\"user\""));
    let sign_in =
        |user: &str, key: &str| browser.post("/dashboard/sign-in", &[("user", user), ("key", key)]);
    for (user, key) in [
        ("ann", "wrong"),
        ("bob", "correct horse"),
        ("", "correct horse"),
    ] {
        let answer = sign_in(user, key);
        assert_eq!(answer.status, 403, "{user} {key}");
        let kept = format!("name=\"user\" value=\"{user}\"");
        assert!(answer.html.contains(&kept), "{}", answer.html);
    }
    host.with_key(Some("correct horse"))
        .get("/v1/info")
        .failed(403, "forbidden");
    assert_eq!(sign_in("ann", "correct horse").leads_to(), "/dashboard");
    assert!(
        browser
            .get("/dashboard")
            .good()
            .html
            .contains("<bdi>p</bdi>")
    );
    let cookie = browser.cookie();
    let (_, _, folder) = host.stop();
    let host = Host::resume(folder, &[settings[0], ("DASHBOARD_PASS", "correct horses")]);
    let browser = host.browser();
    browser.set_cookie(&cookie);
    assert!(!is_signed_in(&browser));
    // A key signs in as well.
    assert_eq!(browser.sign_in(KEY).leads_to(), "/dashboard");
}

#[test]
fn who_has_used_up_the_window_can_still_sign_out() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "1")]);
    let browser = host.signed_in(KEY);
    let page = browser.get("/dashboard").good();
    while browser.get("/dashboard").status != 429 {}
    let session = browser.cookie();
    let answer = browser.submit(&page, "/dashboard/sign-out", &[]);
    assert_eq!(answer.leads_to(), "/dashboard/sign-in");
    browser.set_cookie(&session);
    assert!(!is_signed_in(&browser));
}

#[test]
fn signing_in_again_ends_the_session_before() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    let before = browser.cookie();
    // A wrong key ends nothing.
    assert_eq!(browser.sign_in("guess").status, 403);
    assert!(is_signed_in(&browser));
    browser.sign_in(KEY).leads_to();
    assert_ne!(browser.cookie(), before);
    assert!(is_signed_in(&browser));
    browser.set_cookie(&before);
    assert!(!is_signed_in(&browser));
}

#[test]
fn pages_have_a_window_of_their_own_ten_times_as_wide() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "2")]);
    let browser = host.signed_in(KEY);
    for _ in 0..19 {
        browser.get("/dashboard").good();
    }
    let refused = browser.get("/dashboard");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("content-type"), "text/html; charset=utf-8");
    assert!(!refused.header("retry-after").is_empty());
    for _ in 0..2 {
        host.client().get("/v1/info").good();
    }
    host.client().get("/v1/info").failed(429, "rate_limited");
}
