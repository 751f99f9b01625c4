//! Whether a form came from a page of this server. The cookie of the session is not sent with requests from
//! other sites; this also holds for the form to sign in, and for another port or a sister of this host, which
//! are the same site.

use http::header::{HeaderMap, HeaderName, ORIGIN};

use crate::api::{Error, site};

/// Set by browsers over HTTPS and on this machine; a page cannot forge it.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// 400 for a form of another site, and for one that does not say where it came from.
pub(super) fn require_own(headers: &HeaderMap) -> Result<(), Error> {
    let is_own = match headers.get(FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => sent_host(headers).is_some_and(|host| host == site::authority(headers)),
    };
    let sentence = "This form did not come from this server: open the dashboard and try again.";
    if is_own {
        Ok(())
    } else {
        Err(Error::BadRequest(sentence.to_owned()))
    }
}

/// Whether the page with the form was loaded over HTTPS.
pub(super) fn is_https(headers: &HeaderMap) -> bool {
    sent(headers).is_some_and(|(scheme, _)| scheme == "https")
}

fn sent_host(headers: &HeaderMap) -> Option<&str> {
    sent(headers).map(|(_, host)| host)
}

fn sent(headers: &HeaderMap) -> Option<(&str, &str)> {
    headers.get(ORIGIN)?.to_str().ok()?.split_once("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own(entries: &[(&'static str, &'static str)]) -> bool {
        let url = [("spin-full-url", "http://sync.example:3000/dashboard")];
        let entries = url.iter().chain(entries);
        let entries = entries.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        require_own(&HeaderMap::from_iter(entries)).is_ok()
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
}
