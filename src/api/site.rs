//! Where a request was sent to, as its client sees this server.

use http::HeaderMap;
use http::Uri;
use http::uri::Scheme;
use ipnet::IpNet;

use super::client_network::is_of_trusted_proxy;

/// The host, and the port if it is not the usual one, as the client named them; empty when it named none.
pub fn authority(headers: &HeaderMap) -> String {
    let url = full_url(headers);
    let authority = url.as_ref().and_then(Uri::authority);
    authority.map_or(String::new(), |authority| authority.as_str().to_owned())
}

/// Whether the client came over HTTPS: to the host itself, or to a trusted proxy in front of it.
pub fn is_https(headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    let is_direct = full_url(headers).is_some_and(|url| url.scheme() == Some(&Scheme::HTTPS));
    let forwarded = headers.get_all("x-forwarded-proto").iter().next_back();
    // A proxy behind another appends what it saw.
    let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    let is_forwarded = last.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"));
    is_direct || is_forwarded && is_of_trusted_proxy(headers, trusted)
}

/// The host appends its own behind whatever the client sent: the last one counts.
fn full_url(headers: &HeaderMap) -> Option<Uri> {
    let sent = headers.get_all("spin-full-url").iter().next_back()?;
    sent.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(url: &str, peer: &str, proto: &str) -> HeaderMap {
        let entries = [
            ("spin-full-url", "http://forged.example/"),
            ("spin-full-url", url),
            ("spin-client-addr", peer),
            ("x-forwarded-proto", proto),
        ];
        let append = |mut map: HeaderMap, (name, value): (&'static str, &str)| {
            map.append(name, value.parse().unwrap());
            map
        };
        entries.into_iter().fold(HeaderMap::new(), append)
    }

    #[test]
    fn the_scheme_is_believed_from_the_host_and_from_trusted_proxies_only() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for (url, peer, proto, expected) in [
            ("http://a:3000/x", "10.0.0.2:5", "https", true),
            ("http://a:3000/x", "10.0.0.2:5", "http, HTTPS", true),
            ("http://a:3000/x", "10.0.0.2:5", "https, http", false),
            ("http://a:3000/x", "192.0.2.1:5", "https", false),
            ("https://a:3000/x", "192.0.2.1:5", "", true),
        ] {
            let headers = headers(url, peer, proto);
            assert_eq!(is_https(&headers, &trusted), expected, "{peer} {proto}");
            assert_eq!(authority(&headers), "a:3000");
        }
        assert_eq!(authority(&HeaderMap::new()), "");
    }
}
