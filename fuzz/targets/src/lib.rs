//! What is fuzzed: each function takes any bytes and panics when the server breaks a promise on them.
//!
//! `cargo +nightly fuzz run push` searches for such bytes; `cargo test --test corpus` repeats the kept
//! inputs.

mod body;
mod gzip;
mod name;
mod query;

use kamiflow_sync_component::api::Error;

pub use body::{diff, push, restore};
pub use gzip::gzip;
pub use name::{name, route};
pub use query::{cursor, query};

/// A target takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by name; its folder in `corpus` has the same name.
pub const TARGETS: [(&str, Target); 8] = [
    ("push", push),
    ("diff", diff),
    ("restore", restore),
    ("name", name),
    ("route", route),
    ("cursor", cursor),
    ("query", query),
    ("gzip", gzip),
];

/// Every refusal is a client error in the JSON envelope.
fn refused(error: impl Into<Error>) {
    let error = error.into();
    let text = format!("{error:?}");
    let response = error.into_response();
    assert!(response.status().is_client_error(), "{text}");
    assert!(response.body().is_ascii(), "{text}");
    let body: serde_json::Value = serde_json::from_slice(response.body()).expect("JSON");
    assert!(
        body["error"].is_string() && body["code"].is_string(),
        "{text}"
    );
    assert!(body["retryable"].is_boolean(), "{text}");
}
