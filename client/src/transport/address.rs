//! The address of the server, and the addresses below it.

use std::fmt;
use std::net::IpAddr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ureq::http::Uri;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Where a server is, such as `https://sync.example.com` or `https://example.com/sync`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Without a slash at the end.
    text: String,
    host: String,
    is_https: bool,
}

/// A text that is no address of a server.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text} is not the address of a server; it looks like https://sync.example.com")]
pub struct BadAddress {
    text: String,
}

impl Address {
    /// Reads an address; `http` and `https` are taken, a path is kept.
    pub fn parse(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress {
            text: text.to_owned(),
        };
        let uri: Uri = text.trim().parse().map_err(|_| bad())?;
        let is_plain = !text.contains(['?', '#', '@']);
        let host = uri.host().filter(|host| !host.is_empty() && is_plain);
        match (uri.scheme_str(), host) {
            (Some(scheme @ ("http" | "https")), Some(host)) => Ok(Self {
                text: text.trim().trim_end_matches('/').to_owned(),
                host: host.trim_matches(['[', ']']).to_owned(),
                is_https: scheme == "https",
            }),
            _ => Err(bad()),
        }
    }

    /// The address of a path such as `/v1/info`.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Whether requests are encrypted.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether the server runs on this machine.
    pub fn is_loopback(&self) -> bool {
        let is_ip = self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        is_ip || self.host == "localhost"
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A text as one segment of a path, or as a value of a query.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_its_path_and_loses_its_last_slash() {
        for (text, info) in [
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000/v1/info"),
            (
                "https://example.com/sync/",
                "https://example.com/sync/v1/info",
            ),
            (" https://[::1]:8443 ", "https://[::1]:8443/v1/info"),
        ] {
            assert_eq!(Address::parse(text).unwrap().join("/v1/info"), info);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "sync.example.com",
            "ftp://example.com",
            "https://",
            "https://me:secret@example.com",
            "https://example.com/?key=1",
            "https://example.com/#a",
            "kfs_4h1rnm2q8x_secret",
        ] {
            assert!(Address::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn this_machine_is_told_from_others() {
        let is_loopback = |text| Address::parse(text).unwrap().is_loopback();
        assert!(is_loopback("http://127.0.0.1:3000"));
        assert!(is_loopback("http://localhost"));
        assert!(is_loopback("http://[::1]:3000/"));
        assert!(!is_loopback("http://192.168.1.5:3000"));
        assert!(!is_loopback("https://sync.example.com"));
    }

    #[test]
    fn names_are_encoded_whatever_they_contain() {
        assert_eq!(encode("ghi chú/a b.md"), "ghi%20ch%C3%BA%2Fa%20b.md");
    }
}
