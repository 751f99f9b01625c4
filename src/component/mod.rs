//! The entry point: WASI and Spin on one side, [`http`] types and the store's seams on the other.

#![expect(unsafe_code, reason = "the generated export is a C function")]

#[cfg(feature = "wasi-0-3")]
mod bell;
mod bindings;
#[cfg(not(feature = "wasi-0-3"))]
mod exchange;
mod hold;
mod key_value;
mod request;
mod sqlite;
#[cfg(feature = "wasi-0-3")]
mod timer;
#[cfg(not(feature = "wasi-0-3"))]
mod wasi_0_2;
#[cfg(feature = "wasi-0-3")]
mod wasi_0_3;

use std::time::Duration;

use http::Request;
use spin_sdk::variables;

use crate::api::clock::now_us;
use crate::api::{self, App, Body, Later, MAX_PAUSE, Places, Watch};
use crate::counters::MEMORY;
use crate::settings::Settings;
use crate::store::{Database, Store};
use crate::wire::host_report::{HOST_REPORT, HostReport};
use bindings::wasi::random::random::get_random_u64;
use hold::Step;
use key_value::Bucket;
use sqlite::SpinSqlite;

struct Component;

bindings::export!(Component with_types_in bindings);

thread_local! {
    /// Kept for the life of the instance.
    static APP: App = App {
        settings: Settings::new(variable),
        memory: Box::new(Bucket::new(MEMORY)),
        durable: Box::new(Bucket::new("default")),
        database: Database::new(|| {
            let store = Store::open(SpinSqlite::open()?)?;
            key_value::keep_log_open();
            Ok(store)
        }),
        started_us: variable(STARTED)
            .ok()
            .flatten()
            .and_then(|value| value.parse().ok())
            .unwrap_or_else(now_us),
        is_held: variable(HELD).is_ok_and(|value| value.as_deref() == Some("true")),
        host_report,
        random: get_random_u64,
        later: Later::default(),
        watch: Watch::default(),
        places: Places::default(),
    };
}

/// Answers a request, or says what it waits for.
fn begin(head: Option<Request<()>>, body: impl Body) -> Step {
    with_app(|app| match head {
        Some(head) => hold::begin(app, head, body),
        None => api::refuse_malformed(app, get_random_u64).into(),
    })
}

fn with_app<T>(work: impl FnOnce(&App) -> T) -> T {
    APP.with(work)
}

/// How long an instance waits for its client; none on a host that reads all of a request and takes all of an answer
/// itself, as `kamiflow-sync` does.
fn body_timeout() -> Option<Duration> {
    with_app(|app| (!app.is_held).then_some(MAX_PAUSE))
}

/// Variables that `kamiflow-sync` adds to those of the manifest.
const HELD: &str = "connections_are_held";
const STARTED: &str = "started_us";

fn host_report() -> Option<HostReport> {
    let text = variable(HOST_REPORT).ok().flatten();
    text.and_then(|text| HostReport::parse(&text))
}

/// Writes what no answer waits for.
fn after_answer() {
    with_app(|app| app.later.write(&app.database));
}

/// Whether there is something to write that no answer waits for.
#[cfg(not(feature = "wasi-0-3"))]
fn has_more_to_do() -> bool {
    with_app(|app| !app.later.is_empty())
}

/// A value of `spin.toml`. A provider that fails is not a value that is not set.
fn variable(name: &str) -> Result<Option<String>, String> {
    match variables::get(name) {
        Ok(value) => Ok(Some(value)),
        Err(variables::Error::Undefined(_)) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}
