//! The dashboard: cookies of other services, what is said after a form, and the way back from what did not work.

use support::{Host, KEY};

const HOME: &str = "/dashboard";

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
