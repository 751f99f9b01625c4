//! [`Counters`] in a key-value store of the host.

use std::cell::OnceCell;

use super::bindings::wasi::keyvalue::{atomics, store};
use crate::counters::{CounterError, Counters};

/// A store that is opened on first use.
pub(super) struct Bucket {
    /// As `spin.toml` grants it.
    label: &'static str,
    opened: OnceCell<store::Bucket>,
}

impl Bucket {
    pub(super) fn new(label: &'static str) -> Self {
        let opened = OnceCell::new();
        Self { label, opened }
    }

    fn run<T>(
        &self,
        ask: impl FnOnce(&store::Bucket) -> Result<T, store::Error>,
    ) -> Result<T, CounterError> {
        let opened = match self.opened.get() {
            Some(opened) => Ok(opened),
            None => store::open(self.label).map(|opened| self.opened.get_or_init(|| opened)),
        };
        opened.and_then(ask).map_err(|error| CounterError {
            label: self.label,
            reason: format!("{error:?}"),
        })
    }
}

impl Counters for Bucket {
    fn get(&self, key: &str) -> Result<Option<i64>, CounterError> {
        let value = self.run(|bucket| bucket.get(key))?;
        // Eight little-endian bytes: what `increment` stores on Spin.
        Ok(value
            .and_then(|bytes| bytes.try_into().ok())
            .map(i64::from_le_bytes))
    }

    fn set(&self, key: &str, number: i64) -> Result<(), CounterError> {
        self.run(|bucket| bucket.set(key, &number.to_le_bytes()))
    }

    fn add(&self, key: &str, number: i64) -> Result<i64, CounterError> {
        self.run(|bucket| atomics::increment(bucket, key, number))
    }

    fn delete(&self, key: &str) -> Result<(), CounterError> {
        self.run(|bucket| bucket.delete(key))
    }
}

/// Keeps the database's write-ahead log open beyond this instance, as far as the host can.
///
/// Spin has a new instance and so a new connection for each request, and the last one that closes
/// empties the log and deletes it, which takes longer than a push. Its key-value store, in the same
/// file by `runtime-config.toml`, stays open as long as the process, and keeps the log open when it
/// is opened after the switch to WAL. Where it is elsewhere, or cannot be opened, nothing is lost
/// but that time.
pub(super) fn keep_log_open() {
    _ = store::open("default");
}
