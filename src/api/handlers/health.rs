//! `GET /health`

use std::cell::Cell;

use crate::api::app::App;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::request::parameter;
use crate::api::response::ok;
use crate::counters::{CounterError, STARTED};
use crate::store::{self, SqlError, Store};
use crate::wire::project::Health;
use http::{Request, Response};

/// How long the outcome of a deep check stands, in microseconds: without a key nobody should
/// make the disk work with every request.
const DEEP_CHECK_US: i64 = 1_000_000;
/// Deep checks that run at once. While the database is locked, each keeps a place among the
/// requests for seconds.
const MAX_DEEP_CHECKS: i64 = 8;
/// How long a deep check is counted that never ended, in microseconds.
const COUNTED_US: i64 = 10_000_000;

/// Answers that the server is alive.
///
/// 200 with version and uptime in seconds. `?deep=1` also reads the database and writes to it, and
/// answers 503 with the failing part.
pub fn health(app: &App, head: &Request<()>) -> Result<Response<Vec<u8>>, Error> {
    if parameter(head, "deep").is_some_and(|deep| deep != "0") {
        check_deeply(app)?;
    }
    Ok(ok(&Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        uptime: (uptime_us(app)?.max(0) / 1000) as f64 / 1000.0,
    }))
}

fn uptime_us(app: &App) -> Result<i64, Error> {
    let started = started_us(app)?;
    Ok(now_us() - started)
}

/// When this server process started, or, on a host that does not say, was first asked.
fn started_us(app: &App) -> Result<i64, Error> {
    thread_local! {
        static KEPT: Cell<Option<i64>> = const { Cell::new(None) };
    }
    if let Some(started) = KEPT.get() {
        return Ok(started);
    }
    let started = match app.memory.get(STARTED)? {
        Some(started) => started,
        None => {
            let now = now_us();
            app.memory.set(STARTED, now)?;
            now
        }
    };
    KEPT.set(Some(started));
    Ok(started)
}

fn check_deeply(app: &App) -> Result<(), Error> {
    const KEY: &str = "deep-check";
    let now = now_us();
    let is_fresh = |passed: i64| (0..DEEP_CHECK_US).contains(&(now - passed));
    if app.memory.get(KEY)?.is_some_and(is_fresh) {
        return Ok(());
    }
    let running = format!("deep-checks-{}", now / COUNTED_US);
    if app.memory.add(&running, 1)? > MAX_DEEP_CHECKS {
        return Err(database_failure(store::Error::Busy));
    }
    let checked = check_parts(app, now);
    app.memory.delete(&running)?;
    checked?;
    Ok(app.memory.set(KEY, now)?)
}

fn check_parts(app: &App, now: i64) -> Result<(), Error> {
    let database = app.database.with(Store::check_works);
    database.map_err(database_failure)?;
    let key_value = app.durable.set("health", now);
    key_value.map_err(key_value_failure)
}

fn database_failure(error: store::Error) -> Error {
    match error {
        store::Error::Full => Error::DiskFull(error.into()),
        error => Error::Unhealthy("database", error.into()),
    }
}

/// The store is mostly in the file of the database, and the first to write.
fn key_value_failure(error: CounterError) -> Error {
    match SqlError::from_text(error.reason.clone()) {
        SqlError::Full => Error::DiskFull(error.into()),
        _ => Error::Unhealthy("key-value store", error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_named_whichever_part_notices_it() {
        let key_value = |reason: &str| {
            key_value_failure(CounterError {
                label: "default",
                reason: reason.to_owned(),
            })
        };
        let full = r#"SqliteFailure(Error { code: DiskFull }, Some("database or disk is full"))"#;
        for error in [database_failure(store::Error::Full), key_value(full)] {
            assert_eq!(error.code(), "unhealthy");
            assert!(error.to_string().contains("its disk is full"), "{error}");
        }
        let other = [database_failure(store::Error::Busy), key_value("closed")];
        for (error, part) in other.iter().zip(["database", "key-value store"]) {
            let said = format!("its {part} does not work");
            assert!(error.to_string().contains(&said), "{error}");
        }
    }
}
