//! Whether a form came from a page of this server. The cookie of the session is not sent with requests from
//! other sites; this also holds for the form to sign in, and for another port or a sister of this host, which
//! are the same site.

use http::header::{HeaderMap, HeaderName, ORIGIN, REFERER};

use crate::api::{Error, site};

/// Set by browsers over HTTPS and on this machine; a page cannot forge it.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// 400 for a form of another site, and for one that does not say where it came from.
pub(super) fn require_own(headers: &HeaderMap) -> Result<(), Error> {
    let is_own = match headers.get(FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => sent_host(headers).is_some_and(|host| host == site::authority(headers)),
    };
    let sentence = "This form did not come from this server: open the dashboard and try again. Behind a proxy, that has to pass on the header Host as the browser sent it.";
    if is_own {
        Ok(())
    } else {
        Err(Error::BadRequest(sentence.to_owned()))
    }
}

/// Whether a page of this server led to a request, by a link or after a form. A link in a note, which may lead here too, has
/// no referrer.
pub(super) fn is_from_here(headers: &HeaderMap) -> bool {
    match headers.get(FETCH_SITE) {
        Some(site) => site == "same-origin" && headers.contains_key(REFERER),
        None => {
            let host = sent(headers, &REFERER).and_then(|(_, rest)| rest.split('/').next());
            host.is_some_and(|host| host == site::authority(headers))
        }
    }
}

/// Whether the page at this path led to a request.
pub(super) fn is_from(headers: &HeaderMap, path: &str) -> bool {
    let from = sent(headers, &REFERER).and_then(|(_, rest)| Some(&rest[rest.find('/')?..]));
    let from = from.and_then(|from| from.split('?').next());
    is_from_here(headers) && from == Some(path)
}

/// Whether the page with the form was loaded over HTTPS.
pub(super) fn is_https(headers: &HeaderMap) -> bool {
    sent(headers, &ORIGIN).is_some_and(|(scheme, _)| scheme == "https")
}

fn sent_host(headers: &HeaderMap) -> Option<&str> {
    sent(headers, &ORIGIN).map(|(_, host)| host)
}

/// The scheme of an address in a header, and what is behind it.
fn sent<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<(&'h str, &'h str)> {
    headers.get(name)?.to_str().ok()?.split_once("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(entries: &[(&'static str, &'static str)]) -> HeaderMap {
        let url = [("spin-full-url", "http://sync.example:3000/dashboard")];
        let entries = url.iter().chain(entries);
        let entries = entries.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        HeaderMap::from_iter(entries)
    }

    fn is_own(entries: &[(&'static str, &'static str)]) -> bool {
        require_own(&headers(entries)).is_ok()
    }

    #[test]
    fn a_form_of_another_site_is_refused_whatever_else_it_says() {
        let (site, origin) = ("sec-fetch-site", "origin");
        for own in [
            &[(site, "same-origin")][..],
            // Behind a proxy that names itself to the server.
            &[(site, "same-origin"), (origin, "https://public.example")],
            &[(origin, "http://sync.example:3000")],
            &[(origin, "https://sync.example:3000")],
        ] {
            assert!(is_own(own), "{own:?}");
        }
        for other in [
            &[][..],
            &[(site, "cross-site"), (origin, "http://sync.example:3000")],
            &[(site, "same-site"), (origin, "http://sync.example:3000")],
            &[(site, "none")],
            &[(origin, "null")],
            &[(origin, "http://sync.example")],
            &[(origin, "http://sync.example:3001")],
            &[(origin, "http://evil.example")],
        ] {
            assert!(!is_own(other), "{other:?}");
        }
    }
    #[test]
    fn a_page_of_this_server_leads_to_a_request_if_the_browser_says_so() {
        let (site, referer) = ("sec-fetch-site", "referer");
        let page = "http://sync.example:3000/dashboard/sign-in?next=x";
        for (entries, here, sign_in) in [
            (&[][..], false, false),
            (&[(referer, page)], true, true),
            (&[(site, "same-origin")], false, false),
            (&[(site, "same-origin"), (referer, page)], true, true),
            (&[(site, "cross-site"), (referer, page)], false, false),
            (&[(site, "none")], false, false),
            (
                &[(referer, "http://sync.example:3000/dashboard")],
                true,
                false,
            ),
            (
                &[(referer, "http://sync.example/dashboard/sign-in")],
                false,
                false,
            ),
        ] {
            let headers = headers(entries);
            assert_eq!(is_from_here(&headers), here, "{entries:?}");
            assert_eq!(
                is_from(&headers, "/dashboard/sign-in"),
                sign_in,
                "{entries:?}"
            );
        }
    }
}
