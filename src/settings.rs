//! Every setting of the component, read in one place.
//!
//! Defaults live in `spin.toml` and nowhere else. A value is asked for when a request first needs
//! it, since each question is a call into the host, and kept for the life of the instance.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::rc::Rc;

use ipnet::IpNet;
use spin_sdk::variables;

use crate::error::Error;

/// What a value must be.
enum Kind {
    /// Text without blanks around it; a secret.
    Key,
    /// The same, or nothing.
    OptionalKey,
    /// A whole number in this range.
    Number(RangeInclusive<u64>),
    /// `*`, `none`, or a comma-separated list of origins.
    Origins,
    /// A comma-separated list of addresses and networks (`10.0.0.0/8`), or nothing.
    Networks,
}

/// The variables of `spin.toml`.
const SETTINGS: [(&str, Kind); 12] = [
    ("api_key", Kind::Key),
    ("api_key_previous", Kind::OptionalKey),
    ("cors_origins", Kind::Origins),
    ("history_days", Kind::Number(1..=36_500)),
    ("history_deleted_days", Kind::Number(1..=36_500)),
    ("history_versions", Kind::Number(1..=1_000_000)),
    ("max_body_size", Kind::Number(1024..=512 << 20)),
    ("max_file_size", Kind::Number(1..=100 << 20)),
    ("max_files_per_project", Kind::Number(1..=10_000_000)),
    ("rate_limit_max_requests", Kind::Number(1..=u32::MAX as u64)),
    ("rate_limit_window_ms", Kind::Number(1000..=86_400_000)),
    ("trusted_proxies", Kind::Networks),
];

/// Checks all settings before a host serves a request.
///
/// `get` answers the value of a variable; `Err` is one sentence that names the variable.
pub fn check(get: impl Fn(&str) -> Option<String>) -> Result<(), String> {
    SETTINGS
        .iter()
        .try_for_each(|(name, kind)| match get(name) {
            Some(value) => kind
                .check(&value)
                .map_err(|rule| format!("{} {rule}", name.to_uppercase())),
            None => Err(format!("{} is not set", name.to_uppercase())),
        })
}

/// The names of all settings, as `spin.toml` spells them.
pub fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|(name, _)| *name)
}

impl Kind {
    fn check(&self, value: &str) -> Result<(), String> {
        match self {
            Self::Key if value.trim().is_empty() => Err("must not be empty".to_owned()),
            Self::OptionalKey if (1..16).contains(&value.trim().len()) => {
                Err("must have at least 16 characters".to_owned())
            }
            Self::Key | Self::OptionalKey | Self::Origins => Ok(()),
            Self::Number(range) => parse_number(value, range).map(drop),
            Self::Networks => parse_networks(value).map(drop),
        }
    }
}

fn parse_number(value: &str, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let number = value
        .trim()
        .parse()
        .ok()
        .filter(|number| range.contains(number));
    number.ok_or_else(|| {
        format!(
            "must be a whole number from {} to {}, not '{value}'",
            range.start(),
            range.end()
        )
    })
}

fn parse_networks(value: &str) -> Result<Vec<IpNet>, String> {
    let network = |text: &str| {
        text.parse()
            .or_else(|_| text.parse().map(IpAddr::into))
            .map_err(|_| {
                format!("must list addresses or networks such as 10.0.0.0/8, not '{text}'")
            })
    };
    list(value).map(network).collect()
}

fn list(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
}

/// The key that opens `/v1`, without blanks around it.
pub fn api_key() -> Result<Rc<str>, Error> {
    let key = trimmed("api_key")?;
    match key.is_empty() {
        true => Err(Error::NotConfigured("api_key is not set".to_owned())),
        false => Ok(key),
    }
}

/// The key that opens `/v1` besides while devices change over to a new one; empty for none.
pub fn api_key_previous() -> Result<Rc<str>, Error> {
    trimmed("api_key_previous")
}

fn trimmed(name: &'static str) -> Result<Rc<str>, Error> {
    let value = text(name)?;
    Ok(match value.trim() {
        whole if whole.len() == value.len() => value,
        inner => inner.into(),
    })
}

/// Days for which the content of every replaced version is kept.
pub fn history_days() -> Result<u64, Error> {
    number("history_days")
}

/// Days for which the content of a deleted file is kept.
pub fn history_deleted_days() -> Result<u64, Error> {
    number("history_deleted_days")
}

/// How many versions of a path keep their content beyond [`history_days`].
pub fn history_versions() -> Result<u64, Error> {
    number("history_versions")
}

/// The largest request body, as sent and inflated, in bytes.
pub fn max_body_size() -> Result<usize, Error> {
    Ok(number("max_body_size")? as usize)
}

/// The largest file, decoded, in bytes.
pub fn max_file_size() -> Result<usize, Error> {
    Ok(number("max_file_size")? as usize)
}

/// The most live files in one project.
pub fn max_files_per_project() -> Result<u64, Error> {
    number("max_files_per_project")
}

/// How many requests one client may make in a window.
pub fn rate_limit_max_requests() -> Result<u64, Error> {
    number("rate_limit_max_requests")
}

/// The length of a rate window, in milliseconds.
pub fn rate_limit_window_ms() -> Result<u64, Error> {
    number("rate_limit_window_ms")
}

/// The proxies whose `x-forwarded-for` is believed.
pub fn trusted_proxies() -> Result<Vec<IpNet>, Error> {
    parse_networks(&text("trusted_proxies")?)
        .map_err(|rule| Error::NotConfigured(format!("trusted_proxies {rule}")))
}

/// Whose pages may read the answers in a browser.
#[derive(Debug, PartialEq, Eq)]
pub enum CorsOrigins {
    /// Nobody's: no CORS header is ever sent.
    None,
    /// Everybody's.
    Any,
    /// These origins'.
    List(Vec<String>),
}

/// `CORS_ORIGINS`.
pub fn cors_origins() -> Result<CorsOrigins, Error> {
    Ok(parse_origins(&text("cors_origins")?))
}

fn parse_origins(value: &str) -> CorsOrigins {
    let origins: Vec<String> = list(value).map(str::to_owned).collect();
    match origins.as_slice() {
        [] => CorsOrigins::None,
        [none] if none == "none" => CorsOrigins::None,
        origins if origins.iter().any(|origin| origin == "*") => CorsOrigins::Any,
        _ => CorsOrigins::List(origins),
    }
}

fn number(name: &'static str) -> Result<u64, Error> {
    let value = text(name)?;
    let parsed = SETTINGS.iter().find_map(|(setting, kind)| match kind {
        Kind::Number(range) if *setting == name => Some(parse_number(&value, range)),
        _ => None,
    });
    parsed
        .unwrap_or_else(|| Err("is not a number".to_owned()))
        .map_err(|rule| Error::NotConfigured(format!("{name} {rule}")))
}

thread_local! {
    static VALUES: RefCell<HashMap<&'static str, Rc<str>>> = RefCell::default();
}

/// The value as the host gives it, asked for once per instance.
fn text(name: &'static str) -> Result<Rc<str>, Error> {
    if let Some(value) = VALUES.with_borrow(|values| values.get(name).cloned()) {
        return Ok(value);
    }
    let value: Rc<str> = variables::get(name)
        .map_err(|error| Error::NotConfigured(format!("{name}: {error}")))?
        .into();
    VALUES.with_borrow_mut(|values| values.insert(name, value.clone()));
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound(name: &str) -> Option<String> {
        let value = match name {
            "api_key" => "0123456789abcdef",
            "api_key_previous" | "cors_origins" | "trusted_proxies" => "",
            "history_days" | "history_deleted_days" => "30",
            _ => "1000000",
        };
        Some(value.to_owned())
    }

    #[test]
    fn a_bad_value_is_named() {
        assert_eq!(check(sound), Ok(()));
        for (name, bad) in [
            ("api_key", " "),
            ("api_key_previous", "short"),
            ("max_body_size", "10MB"),
            ("max_file_size", "0"),
            ("max_files_per_project", "-1"),
            ("rate_limit_max_requests", "1.5"),
            ("rate_limit_window_ms", ""),
            ("trusted_proxies", "caddy"),
        ] {
            let error = check(|asked| {
                if asked == name {
                    Some(bad.to_owned())
                } else {
                    sound(asked)
                }
            });
            assert!(
                error.unwrap_err().starts_with(&name.to_uppercase()),
                "{name}"
            );
        }
        assert_eq!(
            check(|name| sound(name).filter(|_| name != "api_key")),
            Err("API_KEY is not set".into())
        );
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let networks = parse_networks("127.0.0.1, 10.0.0.0/8,::1").unwrap();
        assert!(networks[0].contains(&"127.0.0.1".parse::<std::net::IpAddr>().unwrap()));
        assert!(!networks[0].contains(&"127.0.0.2".parse::<std::net::IpAddr>().unwrap()));
        assert_eq!(networks.len(), 3);
        assert_eq!(parse_networks(""), Ok(vec![]));
    }

    #[test]
    fn origins_are_none_any_or_a_list() {
        assert_eq!(parse_origins(""), CorsOrigins::None);
        assert_eq!(parse_origins("none"), CorsOrigins::None);
        assert_eq!(parse_origins("*"), CorsOrigins::Any);
        assert_eq!(
            parse_origins("https://a, https://b"),
            CorsOrigins::List(vec!["https://a".into(), "https://b".into()])
        );
    }
}
