//! `GET /health`

use std::cell::Cell;

use http::{Request, Response};
use spin_sdk::key_value;

use super::{now_us, ok, parameter};
use crate::error::Error;
use crate::memory;
use crate::store::Store;
use crate::wire::Health;

/// How long the outcome of a deep check stands, in microseconds: without a key nobody should
/// make the disk work with every request.
const DEEP_CHECK_US: i64 = 1_000_000;

/// Is the server alive?
///
/// 200 with version and uptime in seconds. `?deep=1` also reads the database and writes to it, and
/// answers 503 with the failing part.
pub fn health(head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    if parameter(head, "deep").is_some_and(|deep| deep != "0") {
        check_deeply()?;
    }
    Ok(ok(&Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        uptime: (uptime_us()?.max(0) / 1000) as f64 / 1000.0,
    }))
}

fn uptime_us() -> Result<i64, Error> {
    let started = started_us()?;
    Ok(now_us() - started)
}

/// When this server process saw its first request.
fn started_us() -> Result<i64, Error> {
    const KEY: &str = "started";
    thread_local! {
        static KEPT: Cell<Option<i64>> = const { Cell::new(None) };
    }
    if let Some(started) = KEPT.get() {
        return Ok(started);
    }
    let started = match memory::get(KEY)? {
        Some(started) => started,
        None => {
            let now = now_us();
            memory::set(KEY, now).map(|()| now)?
        }
    };
    KEPT.set(Some(started));
    Ok(started)
}

fn check_deeply() -> Result<(), Error> {
    const KEY: &str = "deep-check";
    let now = now_us();
    let is_fresh = |passed: i64| (0..DEEP_CHECK_US).contains(&(now - passed));
    if memory::get(KEY)?.is_some_and(is_fresh) {
        return Ok(());
    }
    Store::check().map_err(|error| unhealthy("database", &error))?;
    write_key_value(now).map_err(|error| unhealthy("key-value store", &error))?;
    memory::set(KEY, now)
}

fn write_key_value(now: i64) -> Result<(), key_value::Error> {
    key_value::Store::open_default()?.set("health", now.to_string().as_bytes())
}

fn unhealthy(part: &'static str, reason: &dyn std::fmt::Display) -> Error {
    Error::Unhealthy {
        part,
        reason: reason.to_string(),
    }
}
