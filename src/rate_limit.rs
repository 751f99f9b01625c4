//! How many requests one client may make in a window of time.
//!
//! A window begins with a client's first request. The counters are in memory only.

use http::{HeaderMap, HeaderName};

use crate::error::Error;
use crate::{memory, settings};

/// A client's window after this request was counted.
#[derive(Debug, PartialEq, Eq)]
pub struct Usage {
    limit: u64,
    used: u64,
    now_ms: u64,
    ends_ms: u64,
}

/// Counts a request of this client: the word `key` for everybody with the key, else the
/// address.
pub fn count(client: &str, now_ms: u64) -> Result<Usage, Error> {
    let window_ms = settings::rate_limit_window_ms()?;
    let (start_key, count_key) = keys(client);
    let started = memory::get(&start_key)?.map(|start| start as u64);
    let start_ms = match started.filter(|start| is_open(*start, window_ms, now_ms)) {
        Some(start) => start,
        None => open_window(&start_key, &count_key, window_ms, now_ms)?,
    };
    Ok(Usage {
        limit: settings::rate_limit_max_requests()?,
        used: memory::increment(&count_key)? as u64,
        now_ms,
        ends_ms: start_ms + window_ms,
    })
}

fn keys(client: &str) -> (String, String) {
    (
        format!("rate/start/{client}"),
        format!("rate/count/{client}"),
    )
}

/// A window that begins after now was left behind by a clock that stepped back.
fn is_open(start_ms: u64, window_ms: u64, now_ms: u64) -> bool {
    (start_ms..start_ms.saturating_add(window_ms)).contains(&now_ms)
}

fn open_window(
    start_key: &str,
    count_key: &str,
    window_ms: u64,
    now_ms: u64,
) -> Result<u64, Error> {
    sweep(window_ms, now_ms)?;
    memory::delete(count_key)?;
    memory::set(start_key, now_ms as i64)?;
    Ok(now_ms)
}

/// Forgets the windows of clients that went away, once per window, so that the store does not grow
/// with every address that ever called.
fn sweep(window_ms: u64, now_ms: u64) -> Result<(), Error> {
    let is_open =
        |start: Option<i64>| start.is_some_and(|start| is_open(start as u64, window_ms, now_ms));
    if is_open(memory::get("rate/swept")?) {
        return Ok(());
    }
    memory::set("rate/swept", now_ms as i64)?;
    for key in memory::keys()? {
        if let Some(client) = key.strip_prefix("rate/start/")
            && !is_open(memory::get(&key)?)
        {
            memory::delete(&keys(client).1)?;
            memory::delete(&key)?;
        }
    }
    Ok(())
}

impl Usage {
    /// 429 when this request was over the limit.
    pub fn check(&self) -> Result<(), Error> {
        match self.used > self.limit {
            true => Err(Error::RateLimited {
                retry_after_s: self.seconds_left().max(1),
            }),
            false => Ok(()),
        }
    }

    /// The headers of the current draft, and the original's: there `reset` is a time of day.
    pub fn describe(&self, headers: &mut HeaderMap) {
        let remaining = self.limit.saturating_sub(self.used);
        let ends_s = self.ends_ms.div_ceil(1000);
        headers.extend(
            [
                ("ratelimit-limit", self.limit),
                ("ratelimit-remaining", remaining),
                ("ratelimit-reset", self.seconds_left()),
                ("x-ratelimit-limit", self.limit),
                ("x-ratelimit-remaining", remaining),
                ("x-ratelimit-reset", ends_s),
            ]
            .map(|(name, value)| (HeaderName::from_static(name), value.into())),
        );
    }

    fn seconds_left(&self) -> u64 {
        self.ends_ms.saturating_sub(self.now_ms).div_ceil(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(used: u64) -> Usage {
        Usage {
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
    fn a_window_is_open_from_its_start_to_its_end() {
        assert!(is_open(1000, 500, 1000) && is_open(1000, 500, 1499));
        assert!(!is_open(1000, 500, 1500) && !is_open(1000, 500, 999));
    }
}
