//! Named numbers in a key-value store of the host.
//!
//! The label [`MEMORY`] lives as long as the server process and has no file, so counting a request
//! never writes to a disk. The label `default` is kept in the database file.

/// The label of the store that lives as long as the server process.
pub const MEMORY: &str = "memory";

/// A key-value store whose values are numbers.
pub trait Counters {
    /// The number under a key.
    fn get(&self, key: &str) -> Result<Option<i64>, CounterError>;
    /// Stores a number under a key.
    fn set(&self, key: &str, number: i64) -> Result<(), CounterError>;
    /// Adds to the number under a key, which counts as 0 when absent, and returns the sum.
    fn add(&self, key: &str, number: i64) -> Result<i64, CounterError>;
    /// Removes a key.
    fn delete(&self, key: &str) -> Result<(), CounterError>;
}

/// The host's key-value store failed.
#[derive(Debug, thiserror::Error)]
#[error("the key-value store '{label}' failed: {reason}")]
pub struct CounterError {
    /// The label of the store.
    pub label: &'static str,
    /// The reason that the host gives.
    pub reason: String,
}
