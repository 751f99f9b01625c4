//! The network that a request comes from, also behind a trusted proxy: wrong keys count against it, and
//! the log names it.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The network of a client, whose address the host has put into the headers: the peer's address, or what a
/// trusted proxy says in the last untrusted entry of `x-forwarded-for`, with or without a port. An IPv6
/// address stands for its /64, which one person has all of.
pub fn client_network(headers: &HeaderMap, trusted: &[IpNet]) -> String {
    network(client_address(headers, trusted))
}

fn client_address(headers: &HeaderMap, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = peer_address(headers)?;
    let is_trusted = |address: &IpAddr| is_in(address, trusted);
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let forwarded = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).collect();
    // What stands before an unreadable entry may be the client's own invention.
    let known = hops.into_iter().rev().map_while(address);
    let mut untrusted = known.filter(|hop| !is_trusted(hop));
    untrusted.next().or(Some(peer))
}

fn is_in(address: &IpAddr, networks: &[IpNet]) -> bool {
    networks.iter().any(|network| network.contains(address))
}

/// Whether a trusted proxy has passed the request on.
pub(super) fn is_of_trusted_proxy(headers: &HeaderMap, trusted: &[IpNet]) -> bool {
    peer_address(headers).is_some_and(|peer| is_in(&peer, trusted))
}

fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let with_port = |hop: &str| hop.parse::<SocketAddr>().map(|address| address.ip());
    let address = hop.parse().or_else(|_| with_port(hop)).ok()?;
    Some(address.to_canonical())
}

/// The host appends its own `spin-client-addr` behind whatever the client sent: the last one counts.
fn peer_address(headers: &HeaderMap) -> Option<IpAddr> {
    let sent = headers.get_all("spin-client-addr").iter().next_back()?;
    address(sent.to_str().ok()?)
}

fn network(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Some(address) => address.to_string(),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(entries: &[(&'static str, &str)]) -> HeaderMap {
        entries
            .iter()
            .fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(*name, value.parse().unwrap());
                map
            })
    }

    #[test]
    fn a_forwarded_address_is_believed_from_a_trusted_proxy_only() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        for (peer, forwarded, expected) in [
            ("192.0.2.1:5", "198.51.100.7", "192.0.2.1"),
            ("10.0.0.2:5", "198.51.100.7", "198.51.100.7"),
            (
                "10.0.0.2:5",
                "203.0.113.9, 198.51.100.7, 10.0.0.3",
                "198.51.100.7",
            ),
            ("10.0.0.2:5", "rubbish", "10.0.0.2"),
            ("10.0.0.2:5", "1.1.1.1, rubbish, 10.0.0.3", "10.0.0.2"),
            ("10.0.0.2:5", "1.1.1.1, 203.0.113.9:4711", "203.0.113.9"),
            ("10.0.0.2:5", "::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:10.0.0.2]:5", "198.51.100.7", "198.51.100.7"),
        ] {
            let headers = headers(&[("spin-client-addr", peer), ("x-forwarded-for", forwarded)]);
            assert_eq!(
                client_address(&headers, &trusted),
                expected.parse().ok(),
                "{peer} {forwarded}"
            );
        }
    }

    #[test]
    fn a_client_cannot_name_its_own_peer_address() {
        let headers = headers(&[
            ("spin-client-addr", "1.1.1.1:1"),
            ("spin-client-addr", "192.0.2.1:5"),
        ]);
        assert_eq!(client_address(&headers, &[]), "192.0.2.1".parse().ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_client() {
        let network = |text: &str| network(text.parse().ok());
        assert_eq!(
            network("2001:db8:1:2:3::4"),
            network("2001:db8:1:2:ffff::1")
        );
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
    }
}
