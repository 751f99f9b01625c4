//! The dashboard: cookies of other services, what is said after a form, and the way back from what did not work.

use rusqlite::Connection;
use serde_json::json;

use support::{Browser, Host, KEY, Page, file};

const HOME: &str = "/dashboard";
const DEVICES: &str = "/dashboard/devices";
const SIGN_IN: &str = "/dashboard/sign-in";

fn is_signed_in(host: &Host, cookies: &str) -> bool {
    let browser = host.browser();
    browser.set_cookie(cookies);
    browser.get(HOME).status == 200
}

#[test]
fn a_cookie_of_another_service_on_this_host_shuts_nobody_out() {
    let (host, other) = (Host::start(), Host::start());
    let (own, foreign) = (host.signed_in(KEY).cookie(), other.signed_in(KEY).cookie());
    let (own_name, _) = own.split_once('=').unwrap();
    let (foreign_name, foreign_id) = foreign.split_once('=').unwrap();
    // The browser keeps both, so that two servers on one host do not sign each other out.
    assert_ne!(own_name, foreign_name);
    for planted in [
        format!("{own_name}={foreign_id}; {own_name}=x; {own}"),
        format!("{own}; {own_name}={foreign_id}"),
        format!("kamiflow-session={foreign_id}; {foreign}; {own}"),
    ] {
        assert!(is_signed_in(&host, &planted), "{planted}");
    }
    assert!(!is_signed_in(&host, &foreign));
    // The name of programs before.
    let old = own.replace(own_name, "kamiflow-session");
    assert!(is_signed_in(&host, &old));
    let browser = host.browser();
    browser.set_cookie(&format!("{foreign}; {own}"));
    let page = browser.get(HOME).good();
    let answer = browser.submit(&page, "/dashboard/sign-out", &[]);
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1);
    assert!(answer.header("set-cookie").starts_with(own_name));
    assert!(is_signed_in(&other, &foreign) && !is_signed_in(&host, &own));
}

/// What a page says of what was done, or was not.
fn notice(page: &Page) -> &str {
    let html = &page.html;
    let after = html
        .split_once("role=\"alert\">")
        .or(html.split_once("role=\"status\">"));
    after.map_or("", |(_, after)| after.split('<').next().unwrap())
}

#[test]
fn whoever_signs_in_without_cookies_is_told() {
    let host = Host::start();
    let browser = host.browser();
    let from = format!("{}{SIGN_IN}?next=x", host.url);
    // After the form, without the cookie that its answer gave.
    let after = |headers: &[(&str, &str)]| {
        let answer = browser.send("GET", HOME, headers, "");
        notice(&browser.get(answer.leads_to()).good()).to_owned()
    };
    let referer = ("referer", from.as_str());
    assert!(after(&[referer]).contains("cookie"));
    assert!(after(&[referer, ("sec-fetch-site", "same-origin")]).contains("cookie"));
    assert_eq!(after(&[]), "");
    assert_eq!(after(&[("sec-fetch-site", "none")]), "");
}

fn end_sessions(host: &Host) {
    let database = Connection::open(host.database()).unwrap();
    database.execute_batch("DELETE FROM session").unwrap();
}

/// Sends a form as a browser does that is at this address.
fn submit_from(host: &Host, browser: &Browser, at: &str, to: &str) -> Page {
    let (origin, referer) = (host.url.as_str(), format!("{}{at}", host.url));
    let headers = [("origin", origin), ("referer", referer.as_str())];
    browser.send("POST", to, &headers, "name=x")
}

#[test]
fn a_form_that_comes_after_the_end_of_the_session_is_not_lost_without_a_word() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    end_sessions(&host);
    for (at, to, back) in [
        (
            "/dashboard/devices?from=50",
            DEVICES,
            "/dashboard/devices?from=50",
        ),
        ("/elsewhere", DEVICES, DEVICES),
        ("/elsewhere", "/dashboard/devices/x/rotate", DEVICES),
        (
            "/elsewhere",
            "/dashboard/projects/p/versions",
            "/dashboard/projects/p",
        ),
    ] {
        let answer = submit_from(&host, &browser, at, to);
        let form = browser.get(answer.leads_to()).good();
        assert!(
            notice(&form).contains("your session has ended"),
            "{}",
            form.html
        );
        assert_eq!(form.hidden("next"), back);
    }
    let answer = submit_from(&host, &browser, HOME, "/dashboard/sign-out");
    assert_eq!(answer.leads_to(), SIGN_IN);
}

#[test]
fn signing_in_leads_to_no_download() {
    let host = Host::start();
    host.client().push_files("p", &[("a.md", "x")]).good();
    let browser = host.browser();
    for download in ["download", "download/a.md?rev=1"] {
        let download = format!("/dashboard/projects/p/{download}");
        let form = browser.get(browser.get(&download).leads_to()).good();
        assert_eq!(form.hidden("next"), "/dashboard/projects/p");
        let fields = [("key", KEY), ("next", download.as_str())];
        assert_eq!(host.browser().post(SIGN_IN, &fields).leads_to(), HOME);
    }
    // A browser would store the form to sign in as the file.
    let page = host.signed_in(KEY).get("/dashboard/projects/p").good();
    assert!(page.html.contains("/download\"") && !page.html.contains(" download>"));
}

#[test]
fn a_link_of_somebody_else_makes_no_page_claim_what_was_not_done() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    let page = format!("{HOME}?done=project-deleted");
    assert!(notice(&browser.get(&page)).contains("was deleted"));
    let own = format!("{}/dashboard/projects/p/delete", host.url);
    let shown = browser.send("GET", &page, &[("referer", &own)], "");
    assert!(notice(&shown).contains("was deleted"));
    for headers in [
        &[][..],
        &[("sec-fetch-site", "none")],
        // In a note.
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "same-site")],
        &[("referer", "http://evil.example/dashboard")],
    ] {
        let shown = browser.send("GET", &page, headers, "");
        assert_eq!(notice(&shown), "", "{headers:?}");
    }
    // Nor by way of a page of this server.
    let arrival = host
        .browser()
        .send("GET", &page, &[("sec-fetch-site", "cross-site")], "");
    assert!(
        arrival.html.contains("url=/dashboard\""),
        "{}",
        arrival.html
    );
    let fields = [("key", KEY), ("next", page.as_str())];
    assert_eq!(host.browser().post(SIGN_IN, &fields).leads_to(), HOME);
}

#[test]
fn an_address_of_forms_leads_to_its_page() {
    let host = Host::start();
    let browser = host.signed_in(KEY);
    for (address, page) in [
        ("/dashboard/devices/x/rotate", DEVICES),
        ("/dashboard/devices/x/revoke", DEVICES),
        ("/dashboard/projects/p/versions", "/dashboard/projects/p"),
        ("/dashboard/sign-out", HOME),
    ] {
        assert_eq!(browser.get(address).leads_to(), page);
    }
}

#[test]
fn an_error_shows_who_has_signed_in_and_the_way_back() {
    let host = Host::with(&[("RATE_LIMIT_MAX_REQUESTS", "1")]);
    host.client()
        .push("p", &json!({ "files": [file("a", b"x")] }))
        .good();
    let browser = host.signed_in(KEY);
    let page = browser.get(HOME).good();
    let error = browser.get("/dashboard/nope");
    assert!(error.status == 404 && error.html.contains("Sign out"));
    let error = browser.send("DELETE", DEVICES, &[], "");
    assert!(error.status == 405 && error.html.contains("Sign out"));
    let fields = [("path", "a"), ("rev", "5")];
    let error = browser.submit(&page, "/dashboard/projects/p/versions", &fields);
    assert_eq!(error.status, 404);
    assert!(
        error.html.contains("href=\"/dashboard/projects/p\">Back"),
        "{}",
        error.html
    );
    let mut refused = browser.get(HOME);
    while refused.status == 200 {
        refused = browser.get(HOME);
    }
    assert_eq!(refused.status, 429);
    assert!(refused.html.contains("Sign out") && refused.html.contains("minute"));
}

#[test]
fn a_refusal_to_sign_in_speaks_of_what_was_typed() {
    let host = Host::with(&[
        ("DASHBOARD_USER", "ann"),
        ("DASHBOARD_PASS", "correct horse"),
    ]);
    let browser = host.browser();
    for (user, sentence) in [
        ("ann", "The user name or the password is wrong."),
        ("", "Invalid API key"),
    ] {
        let answer = browser.post(SIGN_IN, &[("user", user), ("key", "wrong")]);
        assert!(answer.html.contains(sentence), "{}", answer.html);
    }
}
