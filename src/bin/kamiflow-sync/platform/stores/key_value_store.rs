//! One open key-value store.

use std::sync::Arc;

use super::file::FileBackend;
use super::memory::MemoryBackend;
use crate::platform::limits::{MAX_RESULT_BYTES, result_too_large};

#[derive(Debug)]
pub enum Backend {
    /// Lives as long as the process.
    Memory(MemoryBackend),
    /// A file that also has the stores of other labels.
    File(FileBackend),
}

#[derive(Clone, Debug)]
pub struct KeyValueStore {
    label: String,
    backend: Arc<Backend>,
}

impl Default for Backend {
    fn default() -> Self {
        Self::Memory(MemoryBackend::default())
    }
}

impl KeyValueStore {
    pub async fn open(label: String, backend: Arc<Backend>) -> Result<Self, String> {
        if let Backend::File(file) = &*backend {
            file.open().await?;
        }
        Ok(Self { label, backend })
    }

    /// Fails for a value over 128 MiB.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let value = self.look_up(key)?;
        let length = value.as_ref().map_or(0, Vec::len);
        if size_of::<Option<Vec<u8>>>() + length > MAX_RESULT_BYTES {
            return Err(result_too_large());
        }
        Ok(value)
    }

    pub fn exists(&self, key: &str) -> Result<bool, String> {
        Ok(self.look_up(key)?.is_some())
    }

    pub async fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        match &*self.backend {
            Backend::Memory(memory) => memory.set(key, value),
            Backend::File(file) => file.set(&self.label, key, value).await?,
        }
        Ok(())
    }

    pub async fn delete(&self, key: &str) -> Result<(), String> {
        match &*self.backend {
            Backend::Memory(memory) => memory.delete(key),
            Backend::File(file) => file.delete(&self.label, key).await?,
        }
        Ok(())
    }

    pub fn keys(&self) -> Result<Vec<String>, String> {
        match &*self.backend {
            Backend::Memory(memory) => Ok(memory.keys()),
            Backend::File(file) => file.keys(&self.label),
        }
    }

    /// Adds `delta` to the [counter](super::counter) `key` and returns the sum.
    pub async fn increment(&self, key: &str, delta: i64) -> Result<i64, String> {
        match &*self.backend {
            Backend::Memory(memory) => memory.increment(key, delta),
            Backend::File(file) => file.increment(&self.label, key, delta).await,
        }
    }

    /// Sets `key` if its value is `expected`, or if nothing is expected. Returns whether it did.
    pub async fn swap(
        &self,
        key: &str,
        expected: Option<&[u8]>,
        value: &[u8],
    ) -> Result<bool, String> {
        match &*self.backend {
            Backend::Memory(memory) => Ok(memory.swap(key, expected, value)),
            Backend::File(file) => file.swap(&self.label, key, expected, value).await,
        }
    }

    fn look_up(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        match &*self.backend {
            Backend::Memory(memory) => Ok(memory.get(key)),
            Backend::File(file) => file.get(&self.label, key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compare_and_swap::CompareAndSwap;
    use super::*;
    use crate::platform::write_lock::WriteLock;

    /// Runs the same test on each backend.
    async fn each_backend(test: impl AsyncFn(KeyValueStore)) {
        let folder = tempfile::tempdir().unwrap();
        let file = FileBackend::new(folder.path().join("x.db"), WriteLock::default());
        for backend in [
            Backend::Memory(MemoryBackend::default()),
            Backend::File(file),
        ] {
            let store = KeyValueStore::open("default".to_owned(), Arc::new(backend)).await;
            test(store.unwrap()).await;
        }
    }

    #[tokio::test]
    async fn a_value_can_be_read_until_it_is_deleted() {
        each_backend(async |store| {
            store.set("k", b"one").await.unwrap();
            store.set("k", b"two").await.unwrap();
            assert_eq!(store.get("k").unwrap().as_deref(), Some(&b"two"[..]));
            assert_eq!(store.keys().unwrap(), ["k"]);
            store.delete("k").await.unwrap();
            assert!(!store.exists("k").unwrap());
        })
        .await;
    }

    #[tokio::test]
    async fn a_counter_is_a_little_endian_integer_that_starts_at_zero() {
        each_backend(async |store| {
            assert_eq!(store.increment("n", 5).await, Ok(5));
            assert_eq!(store.increment("n", -2).await, Ok(3));
            assert_eq!(store.get("n").unwrap(), Some(3_i64.to_le_bytes().to_vec()));
        })
        .await;
    }

    #[tokio::test]
    async fn a_value_that_is_not_a_counter_is_refused_and_kept() {
        each_backend(async |store| {
            store.set("n", b"text").await.unwrap();
            assert!(store.increment("n", 1).await.is_err());
            store.set("n", &i64::MAX.to_le_bytes()).await.unwrap();
            assert!(store.increment("n", 1).await.is_err());
            assert_eq!(
                store.get("n").unwrap(),
                Some(i64::MAX.to_le_bytes().to_vec())
            );
        })
        .await;
    }

    #[tokio::test]
    async fn a_swap_fails_when_the_value_has_changed_since_it_was_read() {
        each_backend(async |store| {
            store.set("k", b"old").await.unwrap();
            let mut swap = CompareAndSwap::new(store.clone(), "k".to_owned());
            swap.current().unwrap();
            store.set("k", b"other").await.unwrap();
            assert_eq!(swap.swap(b"mine").await, Ok(false));
            assert_eq!(swap.swap(b"mine").await, Ok(true));
        })
        .await;
    }

    #[tokio::test]
    async fn stores_of_one_file_keep_their_keys_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = FileBackend::new(folder.path().join("x.db"), WriteLock::default());
        let backend = Arc::new(Backend::File(file));
        let one = KeyValueStore::open("one".to_owned(), backend.clone())
            .await
            .unwrap();
        let two = KeyValueStore::open("two".to_owned(), backend)
            .await
            .unwrap();
        one.set("k", b"v").await.unwrap();
        assert!(!two.exists("k").unwrap());
    }
}
