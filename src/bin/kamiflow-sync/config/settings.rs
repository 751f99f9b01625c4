//! The host's own settings: `SPIN_HTTP_LISTEN_ADDR`, `PORT`, `METRICS_LISTEN`, `LOG_LEVEL`,
//! `MAX_WAITING`, `DB_PATH` and `REQUIRE_PERSISTENT_DATA`.
//!
//! The component's settings are variables of the manifest: see [`super::variables`].

use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use tracing::Level;

use super::bad_setting::BadSetting;
use super::environment::Environment;
use crate::say::note;

/// As on Spin.
const DEFAULT_PORT: u16 = 3000;

/// Spin's variable for the address to listen on.
const LISTEN: &str = "SPIN_HTTP_LISTEN_ADDR";

/// The address to listen on: `--listen`, else `SPIN_HTTP_LISTEN_ADDR`, else 127.0.0.1:3000. `PORT`
/// (0 to 65535) replaces the port of the variable, because a container image sets it, and the
/// person who starts the container sets `PORT`.
pub fn listen_address(
    flag: Option<&str>,
    environment: &Environment,
) -> Result<SocketAddr, BadSetting> {
    if let Some(text) = flag {
        return named_address("--listen", text);
    }
    let mut address = match environment.get(LISTEN) {
        Some(text) => named_address(LISTEN, text)?,
        None => (Ipv4Addr::LOCALHOST, DEFAULT_PORT).into(),
    };
    if let Some(text) = environment.get("PORT") {
        let bad = |_| BadSetting(format!("PORT={text}: not a port number (0 to 65535)"));
        address.set_port(text.trim().parse().map_err(bad)?);
    }
    Ok(address)
}

fn named_address(name: &str, text: &str) -> Result<SocketAddr, BadSetting> {
    resolve_address(text).ok_or_else(|| BadSetting(format!("{name} {text}: not an ADDR:PORT")))
}

/// The address for metrics: `--metrics-listen`, else `METRICS_LISTEN`, else none. A port alone is
/// one of 127.0.0.1.
pub fn metrics_address(
    flag: Option<&str>,
    environment: &Environment,
) -> Result<Option<SocketAddr>, BadSetting> {
    let flag = flag.map(|text| ("--metrics-listen ", text));
    let variable = || Some(("METRICS_LISTEN=", environment.get("METRICS_LISTEN")?));
    let Some((name, text)) = flag.or_else(variable) else {
        return Ok(None);
    };
    let address = match text.parse::<u16>() {
        Ok(port) => Some((Ipv4Addr::LOCALHOST, port).into()),
        Err(_) => resolve_address(text),
    };
    let bad = || BadSetting(format!("{name}{text}: not a PORT or ADDR:PORT"));
    address.map(Some).ok_or_else(bad)
}

/// Prefers 127.0.0.1 when a name resolves to it and to `::1`, as Spin does
/// (`crates/trigger-http/src/lib.rs`).
fn resolve_address(text: &str) -> Option<SocketAddr> {
    let addresses: Vec<_> = text.to_socket_addrs().ok()?.collect();
    let loopback = |address: &&SocketAddr| address.ip() == Ipv4Addr::LOCALHOST;
    let found = addresses.iter().find(loopback).or(addresses.first());
    found.copied()
}

/// `LOG_LEVEL`: error, warn, info (default), debug or trace.
pub fn log_level(environment: &Environment) -> Result<Level, BadSetting> {
    let Some(text) = environment.get("LOG_LEVEL") else {
        return Ok(Level::INFO);
    };
    match text.to_ascii_lowercase().as_str() {
        "error" => Ok(Level::ERROR),
        "warn" => Ok(Level::WARN),
        "info" => Ok(Level::INFO),
        "debug" => Ok(Level::DEBUG),
        "trace" => Ok(Level::TRACE),
        _ => Err(BadSetting(format!(
            "LOG_LEVEL={text}: not one of error, warn, info, debug, trace"
        ))),
    }
}

/// `DB_PATH`: the file of the default database and the default key-value store.
pub fn database_path(environment: &Environment) -> Option<PathBuf> {
    environment.get("DB_PATH").map(PathBuf::from)
}

/// `REQUIRE_PERSISTENT_DATA`: whether to refuse a data folder that is deleted with its container.
/// The container image sets it to true; the default is false.
pub fn requires_persistence(environment: &Environment) -> Result<bool, BadSetting> {
    match environment.get("REQUIRE_PERSISTENT_DATA") {
        None | Some("false" | "0" | "no") => Ok(false),
        Some("true" | "1" | "yes") => Ok(true),
        Some(other) => Err(BadSetting(format!(
            "REQUIRE_PERSISTENT_DATA={other}: not true or false"
        ))),
    }
}

/// Connections that may wait for a change at once, unless `MAX_WAITING` says otherwise.
const DEFAULT_WAITING: usize = 1000;
const MOST_WAITING: usize = 100_000;

/// `MAX_WAITING`: how many connections may wait for a change at once, 0 to 100,000; 1,000 by default.
pub fn max_waiting(environment: &Environment) -> Result<usize, BadSetting> {
    let Some(text) = environment.get("MAX_WAITING") else {
        return Ok(DEFAULT_WAITING);
    };
    let number = text.trim().parse().ok();
    number
        .filter(|number| *number <= MOST_WAITING)
        .ok_or_else(|| {
            BadSetting(format!(
                "MAX_WAITING={text}: not a number from 0 to {MOST_WAITING}"
            ))
        })
}

/// Warns about names that are almost those of settings.
pub fn warn_about_ignored(environment: &Environment) {
    for (name, meant) in environment.near_misses() {
        note!("kamiflow-sync: {name} is ignored: did you mean {meant}?");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_over_port_and_port_over_the_port_of_an_address() {
        let environment = Environment::from([("PORT", "8080")]);
        let flag = listen_address(Some("0.0.0.0:1"), &environment).unwrap();
        assert_eq!(flag.to_string(), "0.0.0.0:1");
        let port = listen_address(None, &environment).unwrap();
        assert_eq!(port.to_string(), "127.0.0.1:8080");
        let environment = Environment::from([("PORT", "8080"), (LISTEN, "0.0.0.0:2")]);
        let spin = listen_address(None, &environment).unwrap();
        assert_eq!(spin.to_string(), "0.0.0.0:8080");
        let environment = Environment::from([(LISTEN, "0.0.0.0:2")]);
        let spin = listen_address(None, &environment).unwrap();
        assert_eq!(spin.to_string(), "0.0.0.0:2");
    }

    #[test]
    fn without_any_setting_the_address_is_the_same_as_on_spin() {
        let address = listen_address(None, &Environment::default()).unwrap();
        assert_eq!(address.to_string(), "127.0.0.1:3000");
    }

    #[test]
    fn metrics_are_off_by_default_and_a_port_alone_is_local() {
        let address = |text| metrics_address(text, &Environment::default());
        assert_eq!(address(None).unwrap(), None);
        let port = address(Some("9464")).unwrap().unwrap();
        assert_eq!(port.to_string(), "127.0.0.1:9464");
        let all = address(Some("0.0.0.0:9464")).unwrap().unwrap();
        assert_eq!(all.to_string(), "0.0.0.0:9464");
        assert!(address(Some("soon")).is_err());
    }

    #[test]
    fn an_error_names_the_bad_setting() {
        let environment = Environment::from([
            ("PORT", "http"),
            ("LOG_LEVEL", "loud"),
            ("MAX_WAITING", "100001"),
        ]);
        let waiting = max_waiting(&environment).unwrap_err().to_string();
        assert!(waiting.starts_with("MAX_WAITING=100001"));
        let port = listen_address(None, &environment).unwrap_err().to_string();
        assert!(port.starts_with("PORT=http"));
        let level = log_level(&environment).unwrap_err().to_string();
        assert!(level.starts_with("LOG_LEVEL=loud"));
    }
}
