//! `GET /health`

use crate::api::app::App;
use crate::api::clock::now_us;
use crate::api::error::Error;
use crate::api::request::parameter;
use crate::api::response::ok;
use crate::counters::CounterError;
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

/// Answers that the server is alive. Neither the database nor a key-value store is asked, so it does
/// not wait for one that is gone.
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
        uptime: ((now_us() - app.started_us).max(0) / 1000) as f64 / 1000.0,
    }))
}

fn check_deeply(app: &App) -> Result<(), Error> {
    const KEY: &str = "deep-check";
    let now = now_us();
    let is_fresh = |passed: i64| (0..DEEP_CHECK_US).contains(&(now - passed));
    if app.memory.get(KEY)?.is_some_and(is_fresh) {
        return Ok(());
    }
    let running = format!("deep-checks-{}", now / COUNTED_US);
    let checked = match app.memory.add(&running, 1)? {
        ..=MAX_DEEP_CHECKS => check_parts(app, now),
        _ => Err(database_failure(store::Error::Busy)),
    };
    if app.memory.add(&running, -1)? <= 0 {
        app.memory.delete(&running)?;
    }
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
    use crate::api::test_support::{self, InMemory};
    use crate::store::test_support::TestFile;

    #[test]
    fn nothing_but_the_clock_is_asked() {
        let app = App {
            started_us: now_us() - 5_000_000,
            memory: Box::new(test_support::Unreachable),
            durable: Box::new(test_support::Unreachable),
            ..test_support::app()
        };
        let head = |target: &str| Request::get(target).body(()).unwrap();
        let response = health(&app, &head("/health")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(response.body()).unwrap();
        let uptime = json["uptime"].as_f64().unwrap();
        assert!((5.0..60.0).contains(&uptime), "{uptime}");
        health(&app, &head("/health?deep=1")).unwrap_err();
    }

    #[test]
    fn a_check_that_ends_makes_room_for_one() {
        let file = TestFile::new();
        let app = App {
            memory: Box::new(InMemory::default()),
            database: file.database(),
            ..test_support::app()
        };
        // The window may end meanwhile.
        let window = now_us() / COUNTED_US;
        let running = [window, window + 1].map(|window| format!("deep-checks-{window}"));
        for (others, may_run) in [(7, true), (8, false), (0, true)] {
            app.memory.delete("deep-check").unwrap();
            for running in &running {
                app.memory.set(running, others).unwrap();
            }
            assert_eq!(check_deeply(&app).is_ok(), may_run);
            let counted = running
                .each_ref()
                .map(|running| app.memory.get(running).unwrap());
            let left = counted.map(Option::unwrap_or_default);
            assert_eq!(left, [others; 2]);
        }
    }

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
