//! A key-value store in memory, shared by all instances and lost when the process ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::counter;

/// Sorted by key, as a store in a file lists its keys.
#[derive(Debug, Default)]
pub struct MemoryBackend(Mutex<BTreeMap<String, Vec<u8>>>);

impl MemoryBackend {
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.values().get(key).cloned()
    }

    pub fn set(&self, key: &str, value: &[u8]) {
        self.values().insert(key.to_owned(), value.to_owned());
    }

    pub fn delete(&self, key: &str) {
        self.values().remove(key);
    }

    pub fn keys(&self) -> Vec<String> {
        self.values().keys().cloned().collect()
    }

    /// Adds `delta` to the counter `key` and returns the sum.
    ///
    /// # Errors
    ///
    /// When the value is not a counter, or the sum overflows.
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64, String> {
        let mut values = self.values();
        let sum = counter::add(values.get(key).map(Vec::as_slice), delta)?;
        values.insert(key.to_owned(), sum.to_le_bytes().to_vec());
        Ok(sum)
    }

    /// Sets `key` if its value is `expected`, or if nothing is expected. Returns whether it did.
    pub fn swap(&self, key: &str, expected: Option<&[u8]>, value: &[u8]) -> bool {
        let mut values = self.values();
        let unchanged = expected.is_none() || values.get(key).map(Vec::as_slice) == expected;
        if unchanged {
            values.insert(key.to_owned(), value.to_owned());
        }
        unchanged
    }

    fn values(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
