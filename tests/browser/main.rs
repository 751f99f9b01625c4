//! The dashboard in a real browser, as a person uses it.
//!
//! Skipped where `chromedriver` is not installed.

mod attack;
mod live;
mod narrow;
mod use_it;

use support::{Chrome, Host, KEY, is_installed};

const WIDE: (u32, u32) = (1280, 900);
const NARROW: (u32, u32) = (390, 844);

/// A server, and a browser that has signed in as a person does; none where there is no browser.
fn signed_in(size: (u32, u32), javascript: bool) -> Option<(Host, Chrome)> {
    signed_in_to(&[], size, javascript)
}

/// The same with settings for the server.
fn signed_in_to(
    settings: &[(&str, &str)],
    size: (u32, u32),
    javascript: bool,
) -> Option<(Host, Chrome)> {
    if !is_installed("chromedriver") {
        return None;
    }
    let host = Host::with(settings);
    let chrome = Chrome::open(&host.url, size, javascript);
    chrome.go("/");
    chrome.write("#key", KEY);
    chrome.click("main button");
    chrome.sees("Projects");
    Some((host, chrome))
}
