//! Numbers that live as long as the server process: rate windows and the start time.
//!
//! They are in the key-value store labelled `memory`, which the runtime configuration gives no
//! file, so that counting a request never writes to a disk.

use std::cell::OnceCell;

use crate::bindings::wasi::keyvalue::{atomics, store};
use crate::error::Error;

/// The label that `spin.toml` grants.
const LABEL: &str = "memory";

thread_local! {
    static BUCKET: OnceCell<store::Bucket> = const { OnceCell::new() };
}

/// The number under a key.
pub fn get(key: &str) -> Result<Option<i64>, Error> {
    let value = with_bucket(|bucket| bucket.get(key))?;
    // Eight little-endian bytes: what `increment` stores on Spin.
    Ok(value
        .and_then(|bytes| bytes.try_into().ok())
        .map(i64::from_le_bytes))
}

/// Stores a number under a key.
pub fn set(key: &str, number: i64) -> Result<(), Error> {
    with_bucket(|bucket| bucket.set(key, &number.to_le_bytes()))
}

/// Adds one to the number under a key, which counts as 0 when absent, and answers the sum.
pub fn increment(key: &str) -> Result<i64, Error> {
    with_bucket(|bucket| atomics::increment(bucket, key, 1))
}

/// Forgets a key.
pub fn delete(key: &str) -> Result<(), Error> {
    with_bucket(|bucket| bucket.delete(key))
}

fn with_bucket<T>(ask: impl FnOnce(&store::Bucket) -> Result<T, store::Error>) -> Result<T, Error> {
    BUCKET.with(|kept| {
        if kept.get().is_none() {
            let bucket = store::open(LABEL).map_err(internal)?;
            _ = kept.set(bucket);
        }
        let bucket = kept
            .get()
            .ok_or_else(|| Error::Internal("no bucket".to_owned()))?;
        ask(bucket).map_err(internal)
    })
}

fn internal(error: store::Error) -> Error {
    Error::Internal(format!("key-value store '{LABEL}': {error:?}"))
}
