//! A key-value store in memory, shared by all instances and gone with the process.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::read_counter;

/// Values by key, in the order of the keys, as a store in a file lists them.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<BTreeMap<String, Vec<u8>>>);

impl MemoryStore {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.values().get(key).cloned()
    }

    /// Gives `key` a value.
    pub fn set(&self, key: &str, value: &[u8]) {
        self.values().insert(key.to_owned(), value.to_owned());
    }

    /// Forgets `key`.
    pub fn delete(&self, key: &str) {
        self.values().remove(key);
    }

    /// All keys.
    pub fn keys(&self) -> Vec<String> {
        self.values().keys().cloned().collect()
    }

    /// Adds `delta` to the counter `key` and returns the sum.
    ///
    /// # Errors
    ///
    /// When the value is no counter, or the sum overflows.
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64, String> {
        let mut values = self.values();
        let sum = read_counter(values.get(key).map(Vec::as_slice), delta)?;
        values.insert(key.to_owned(), sum.to_le_bytes().to_vec());
        Ok(sum)
    }

    /// Sets `key` when its value is `seen`, or when nothing was seen; whether it did.
    pub fn swap(&self, key: &str, seen: Option<&[u8]>, value: &[u8]) -> bool {
        let mut values = self.values();
        let unchanged = seen.is_none() || values.get(key).map(Vec::as_slice) == seen;
        if unchanged {
            values.insert(key.to_owned(), value.to_owned());
        }
        unchanged
    }

    fn values(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
