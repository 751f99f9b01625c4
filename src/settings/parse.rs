//! Numbers, addresses and lists. Each error is a rule, worded to follow the name of the setting.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use ipnet::IpNet;

use crate::domain::PortablePaths;

pub(super) fn number(value: &str, range: RangeInclusive<u64>) -> Result<u64, String> {
    let number = value.trim().parse().ok();
    let fitting = number.filter(|number| range.contains(number));
    fitting.ok_or_else(|| {
        format!(
            "must be a whole number from {} to {}, not '{value}'",
            range.start(),
            range.end()
        )
    })
}

pub(super) fn size(value: &str, range: RangeInclusive<u64>) -> Result<usize, String> {
    number(value, range).map(|bytes| bytes as usize)
}

pub(super) fn networks(value: &str) -> Result<Vec<IpNet>, String> {
    let network = |text: &str| {
        text.parse()
            .or_else(|_| text.parse().map(IpAddr::into))
            .map_err(|_| {
                format!("must list addresses or networks such as 10.0.0.0/8, not '{text}'")
            })
    };
    list(value).map(network).collect()
}

pub(super) fn portable_paths(value: &str) -> Result<PortablePaths, String> {
    let named = |choice: &PortablePaths| choice.name() == value.trim();
    let choice = PortablePaths::ALL.into_iter().find(named);
    choice.ok_or_else(|| format!("must be report or refuse, not '{value}'"))
}

pub(super) fn is_on(value: &str) -> Result<bool, String> {
    match value.trim() {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("must be on or off, not '{value}'")),
    }
}

/// The entries between commas.
pub(super) fn list(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_addresses_or_networks() {
        let networks = networks("127.0.0.1, 10.0.0.0/8,::1").unwrap();
        assert!(networks[0].contains(&"127.0.0.1".parse::<IpAddr>().unwrap()));
        assert!(!networks[0].contains(&"127.0.0.2".parse::<IpAddr>().unwrap()));
        assert_eq!(networks.len(), 3);
        assert_eq!(super::networks(""), Ok(vec![]));
    }
}
