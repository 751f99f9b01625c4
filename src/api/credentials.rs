//! The key that a request carries.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName};

/// For clients behind a proxy that uses `Authorization` itself, so it goes first.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Set by browsers; a page cannot forge it.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The key in `X-API-Key`, else in the first `Authorization`: as a bearer token, or as the
/// password of Basic. Schemes match in any case.
pub fn sent_key(headers: &HeaderMap) -> Option<Cow<'_, [u8]>> {
    let plain = headers.get(X_API_KEY).map(|key| key.as_bytes().into());
    plain
        .or_else(|| authorized(headers))
        .filter(|key: &Cow<[u8]>| !key.is_empty())
}

fn authorized(headers: &HeaderMap) -> Option<Cow<'_, [u8]>> {
    let value = headers.get(AUTHORIZATION)?.as_bytes().trim_ascii_end();
    let (scheme, rest) = value.split_at(value.iter().position(|&byte| byte == b' ')?);
    let token = &rest[1..];
    match scheme.to_ascii_lowercase().as_slice() {
        b"bearer" => Some(token.into()),
        b"basic" if !is_of_another_site(headers) => password(token).map(Into::into),
        _ => None,
    }
}

/// Browsers add a password that they remember to requests which pages of other sites make.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    let site = headers.get(FETCH_SITE);
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

fn password(token: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = base64_simd::STANDARD
        .decode_to_vec(token.trim_ascii())
        .ok()?;
    let colon = decoded.iter().position(|&byte| byte == b':')?;
    Some(decoded.split_off(colon + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(entries: &[(&'static str, &str)]) -> Option<String> {
        let headers = entries
            .iter()
            .fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(*name, value.parse().unwrap());
                map
            });
        sent_key(&headers).map(|key| String::from_utf8(key.into_owned()).unwrap())
    }

    #[test]
    fn the_first_authorization_counts_in_any_case() {
        for (value, expected) in [
            ("Bearer key", Some("key")),
            ("Bearer key  ", Some("key")),
            ("Bearer  key", Some(" key")),
            ("bearer key", Some("key")),
            ("BEARER key", Some("key")),
            ("Basic dTprZXk=", Some("key")),
            ("basic OmE6Yg==", Some("a:b")),
            ("Basic a2V5", None),
            ("Basic dTo=", None),
            ("Basic %", None),
            ("Bearer", None),
            ("Bearer ", None),
            ("Digest key", None),
            ("key", None),
            ("", None),
        ] {
            let sent = [("authorization", value), ("authorization", "Bearer other")];
            assert_eq!(key(&sent).as_deref(), expected, "{value:?}");
        }
    }

    #[test]
    fn x_api_key_goes_before_what_a_proxy_has_for_itself() {
        let sent = [("authorization", "Basic dTpw"), ("x-api-key", "key")];
        assert_eq!(key(&sent).as_deref(), Some("key"));
        assert_eq!(key(&[("x-api-key", "")]), None);
    }

    #[test]
    fn a_page_of_another_site_cannot_use_a_remembered_password() {
        for (site, expected) in [
            ("cross-site", None),
            ("same-site", None),
            ("same-origin", Some("key")),
            ("none", Some("key")),
        ] {
            let sent = [
                ("authorization", "Basic dTprZXk="),
                ("sec-fetch-site", site),
            ];
            assert_eq!(key(&sent).as_deref(), expected, "{site}");
        }
    }
}
