//! How many requests one client may make in a window of time.
//!
//! A window begins with a client's first request. The counters are in memory only, and nobody can
//! make more of them: the owner's key has one, each key of a device has one, the pages of either have
//! another, and all addresses share 4096.

use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};

use super::app::App;
use super::caller::Caller;
use super::error::Error;
use crate::counters::Counters;

/// Counters for clients without a key. Nobody can make more of them than this, from however many
/// addresses; two addresses that meet in one only wait longer before they may guess again.
const BUCKETS: u16 = 4096;

/// The client that a request counts for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// All devices with the owner's key together.
    Owner,
    /// A device, by the id of its key.
    Device(String),
    /// The pages of the dashboard, by the id of the key; none for the owner's.
    Pages(Option<String>),
    /// All clients without a key in one network.
    Network(String),
}

impl Client {
    /// The client with a key.
    pub(super) fn of(caller: &Caller) -> Self {
        match caller.device_key() {
            Some(key) => Self::Device(key.id.clone()),
            None => Self::Owner,
        }
    }

    /// The pages that somebody with a key looks at.
    pub(super) fn pages(caller: &Caller) -> Self {
        Self::Pages(caller.device_key().map(|key| key.id.clone()))
    }

    /// How many times as many requests it may make as others: a person who looks for something opens
    /// many pages.
    fn factor(&self) -> u64 {
        match self {
            Self::Pages(_) => 10,
            Self::Owner | Self::Device(_) | Self::Network(_) => 1,
        }
    }
}

/// A client's window after this request was counted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Usage {
    count_key: String,
    limit: u64,
    used: u64,
    now_ms: u64,
    ends_ms: u64,
}

/// Counts a request of this client.
pub(super) fn count(app: &App, client: &Client, now_ms: u64) -> Result<Usage, Error> {
    let window_ms = app.settings.rate_limit_window_ms()?;
    let (start_key, count_key) = keys(client);
    let started = app.memory.get(&start_key)?.map(|start| start as u64);
    let start_ms = match started.filter(|start| is_open(*start, window_ms, now_ms)) {
        Some(start) => start,
        None => open_window(&*app.memory, &start_key, &count_key, now_ms)?,
    };
    Ok(Usage {
        limit: app.settings.rate_limit_max_requests()? * client.factor(),
        used: app.memory.add(&count_key, 1)?.max(0) as u64,
        count_key,
        now_ms,
        ends_ms: start_ms + window_ms,
    })
}

/// The keys of the start and of the count of a client's window.
fn keys(client: &Client) -> (String, String) {
    let name = match client {
        Client::Owner => "key".to_owned(),
        Client::Device(id) => format!("key/{id}"),
        Client::Pages(None) => "pages".to_owned(),
        Client::Pages(Some(id)) => format!("pages/{id}"),
        Client::Network(network) => bucket(network).to_string(),
    };
    (format!("rate/start/{name}"), format!("rate/count/{name}"))
}

fn bucket(network: &str) -> u16 {
    let hash = Sha256::digest(network);
    u16::from_le_bytes([hash[0], hash[1]]) % BUCKETS
}

/// A window that begins after now was left behind by a clock that stepped back.
fn is_open(start_ms: u64, window_ms: u64, now_ms: u64) -> bool {
    (start_ms..start_ms.saturating_add(window_ms)).contains(&now_ms)
}

fn open_window(
    memory: &dyn Counters,
    start_key: &str,
    count_key: &str,
    now_ms: u64,
) -> Result<u64, Error> {
    memory.delete(count_key)?;
    memory.set(start_key, now_ms as i64)?;
    Ok(now_ms)
}

impl Usage {
    /// 429 when this request was over the limit.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.used > self.limit {
            Err(Error::RateLimited {
                retry_after_s: self.seconds_left().max(1),
            })
        } else {
            Ok(())
        }
    }

    /// Counts this request no more. When the window has just ended, the next one begins below 0, which
    /// only lets one request more pass.
    pub(super) fn take_back(self, app: &App) -> Result<(), Error> {
        app.memory.add(&self.count_key, -1)?;
        Ok(())
    }

    /// Adds the headers of the current draft, and the original's: there `reset` is a time of day.
    pub(super) fn describe(&self, headers: &mut HeaderMap) {
        let remaining = self.limit.saturating_sub(self.used);
        let ends_s = self.ends_ms.div_ceil(1000);
        for (name, number) in [
            ("ratelimit-limit", self.limit),
            ("ratelimit-remaining", remaining),
            ("ratelimit-reset", self.seconds_left()),
            ("x-ratelimit-limit", self.limit),
            ("x-ratelimit-remaining", remaining),
            ("x-ratelimit-reset", ends_s),
        ] {
            headers.insert(HeaderName::from_static(name), number.into());
        }
    }

    fn seconds_left(&self) -> u64 {
        self.ends_ms.saturating_sub(self.now_ms).div_ceil(1000)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn usage(used: u64) -> Usage {
        Usage {
            count_key: String::new(),
            limit: 3,
            used,
            now_ms: 10_500,
            ends_ms: 12_000,
        }
    }

    #[test]
    fn the_limit_itself_passes_and_the_next_waits_for_the_window() {
        assert!(usage(3).check().is_ok());
        assert!(matches!(
            usage(4).check(),
            Err(Error::RateLimited { retry_after_s: 2 })
        ));
    }

    #[test]
    fn headers_count_down_to_zero() {
        for (used, remaining) in [(1, "2"), (3, "0"), (9, "0")] {
            let mut headers = HeaderMap::new();
            usage(used).describe(&mut headers);
            assert_eq!(headers["ratelimit-remaining"], remaining);
            assert_eq!(headers["ratelimit-reset"], "2");
            assert_eq!(headers["x-ratelimit-reset"], "12");
        }
    }

    #[test]
    fn the_key_is_no_address_and_all_addresses_share_the_buckets() {
        let addresses = (0..20_000).map(|i| format!("10.0.{}.{}", i / 256, i % 256));
        let keys: HashSet<_> = addresses.map(|a| keys(&Client::Network(a))).collect();
        assert!((4000..=4096).contains(&keys.len()), "{}", keys.len());
        assert!(!keys.contains(&super::keys(&Client::Owner)));
        let device = || "7".to_owned();
        assert!(!keys.contains(&super::keys(&Client::Device(device()))));
        assert!(!keys.contains(&super::keys(&Client::Pages(None))));
        assert!(!keys.contains(&super::keys(&Client::Pages(Some(device())))));
    }

    #[test]
    fn a_window_is_open_from_its_start_to_its_end() {
        assert!(is_open(1000, 500, 1000) && is_open(1000, 500, 1499));
        assert!(!is_open(1000, 500, 1500) && !is_open(1000, 500, 999));
    }
}
