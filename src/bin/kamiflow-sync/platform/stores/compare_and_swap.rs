//! A compare-and-swap of one key.

use super::key_value_store::KeyValueStore;

#[derive(Clone, Debug)]
pub struct CompareAndSwap {
    store: KeyValueStore,
    key: String,
    /// The value that a swap depends on, once it was read.
    expected: Option<Vec<u8>>,
}

impl CompareAndSwap {
    pub fn new(store: KeyValueStore, key: String) -> Self {
        let expected = None;
        Self {
            store,
            key,
            expected,
        }
    }

    /// Reads the value. [`Self::swap`] then depends on it.
    pub fn current(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.expected = self.store.get(&self.key)?;
        Ok(self.expected.clone())
    }

    /// Sets the key if it still has the value that was read. Returns whether it did; otherwise a retry
    /// depends on the value that is stored now. A key that had no value, or was never read, is set in
    /// any case, as on Spin.
    pub async fn swap(&mut self, value: &[u8]) -> Result<bool, String> {
        let expected = self.expected.as_deref();
        let swapped = self.store.swap(&self.key, expected, value).await?;
        if !swapped {
            self.current()?;
        }
        Ok(swapped)
    }
}
