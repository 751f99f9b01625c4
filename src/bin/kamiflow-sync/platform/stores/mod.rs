//! A key-value store as both of Spin's interfaces see it: a label, and the place where its
//! values are.

mod file;
mod memory;

use std::sync::Arc;

use crate::platform::MAX_RESULT_BYTES;
pub use file::FileStore;
use memory::MemoryStore;

/// Where a store's values are.
#[derive(Debug)]
pub enum Place {
    /// In the process.
    Memory(MemoryStore),
    /// In a file, together with the stores of other labels.
    File(FileStore),
}

/// An open store.
#[derive(Clone, Debug)]
pub struct Store {
    label: String,
    place: Arc<Place>,
}

impl Default for Place {
    fn default() -> Self {
        Self::Memory(MemoryStore::default())
    }
}

impl Store {
    /// Opens the store `label` in `place`.
    pub async fn open(label: String, place: Arc<Place>) -> Result<Self, String> {
        if let Place::File(file) = &*place {
            file.open().await?;
        }
        Ok(Self { label, place })
    }

    /// The value of `key`; an error when it is over 128 MiB.
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        let value = self.look_up(key)?;
        let length = value.as_ref().map_or(0, Vec::len);
        if size_of::<Option<Vec<u8>>>() + length > MAX_RESULT_BYTES {
            return Err(too_large());
        }
        Ok(value)
    }

    /// Whether `key` has a value.
    pub fn exists(&self, key: &str) -> Result<bool, String> {
        Ok(self.look_up(key)?.is_some())
    }

    /// Gives `key` a value.
    pub async fn set(&self, key: &str, value: &[u8]) -> Result<(), String> {
        match &*self.place {
            Place::Memory(memory) => memory.set(key, value),
            Place::File(file) => file.set(&self.label, key, value).await?,
        }
        Ok(())
    }

    /// Forgets `key`.
    pub async fn delete(&self, key: &str) -> Result<(), String> {
        match &*self.place {
            Place::Memory(memory) => memory.delete(key),
            Place::File(file) => file.delete(&self.label, key).await?,
        }
        Ok(())
    }

    /// All keys.
    pub fn keys(&self) -> Result<Vec<String>, String> {
        match &*self.place {
            Place::Memory(memory) => Ok(memory.keys()),
            Place::File(file) => file.keys(&self.label),
        }
    }

    /// Adds `delta` to the counter `key`, 8 bytes in little-endian order, and returns the
    /// sum. A key without a value counts from 0.
    pub async fn increment(&self, key: &str, delta: i64) -> Result<i64, String> {
        match &*self.place {
            Place::Memory(memory) => memory.increment(key, delta),
            Place::File(file) => file.increment(&self.label, key, delta).await,
        }
    }

    fn look_up(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        match &*self.place {
            Place::Memory(memory) => Ok(memory.get(key)),
            Place::File(file) => file.get(&self.label, key),
        }
    }
}

/// A compare-and-swap under way: the value that was seen, and the key to set.
#[derive(Clone, Debug)]
pub struct Swap {
    store: Store,
    key: String,
    seen: Option<Vec<u8>>,
}

impl Swap {
    /// Begins with nothing seen.
    pub fn new(store: Store, key: String) -> Self {
        let seen = None;
        Self { store, key, seen }
    }

    /// Looks at the value; [`Self::swap`] then depends on it.
    pub fn current(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.seen = self.store.get(&self.key)?;
        Ok(self.seen.clone())
    }

    /// Sets the key unless its value is another than was seen; whether it did. When nothing
    /// was seen it sets in any case, as on Spin.
    pub async fn swap(&self, value: &[u8]) -> Result<bool, String> {
        let seen = self.seen.as_deref();
        match &*self.store.place {
            Place::Memory(memory) => Ok(memory.swap(&self.key, seen, value)),
            Place::File(file) => file.swap(&self.store.label, &self.key, seen, value).await,
        }
    }
}

/// The counter in `value` plus `delta`. Spin's host panics where this is an error.
pub(super) fn read_counter(value: Option<&[u8]>, delta: i64) -> Result<i64, String> {
    let counter = match value {
        None => 0,
        Some(bytes) => i64::from_le_bytes(bytes.try_into().map_err(|_| "not a counter")?),
    };
    counter
        .checked_add(delta)
        .ok_or_else(|| "counter overflow".to_owned())
}

pub(super) fn too_large() -> String {
    format!("query result exceeds limit of {MAX_RESULT_BYTES} bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::write_lock::WriterQueue;

    /// Runs the same test on a store of each kind.
    async fn each(test: impl AsyncFn(Store)) {
        let folder = tempfile::tempdir().unwrap();
        let file = FileStore::new(folder.path().join("x.db"), WriterQueue::default());
        for place in [Place::Memory(MemoryStore::default()), Place::File(file)] {
            let store = Store::open("default".to_owned(), Arc::new(place)).await;
            test(store.unwrap()).await;
        }
    }

    #[tokio::test]
    async fn what_is_set_can_be_read_until_it_is_deleted() {
        each(async |store| {
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
        each(async |store| {
            assert_eq!(store.increment("n", 5).await, Ok(5));
            assert_eq!(store.increment("n", -2).await, Ok(3));
            assert_eq!(store.get("n").unwrap(), Some(3_i64.to_le_bytes().to_vec()));
        })
        .await;
    }

    #[tokio::test]
    async fn a_value_that_is_no_counter_is_an_error_and_stays() {
        each(async |store| {
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
    async fn a_swap_fails_when_the_value_changed_since_it_was_seen() {
        each(async |store| {
            store.set("k", b"old").await.unwrap();
            let mut swap = Swap::new(store.clone(), "k".to_owned());
            swap.current().unwrap();
            store.set("k", b"other").await.unwrap();
            assert_eq!(swap.swap(b"mine").await, Ok(false));
            swap.current().unwrap();
            assert_eq!(swap.swap(b"mine").await, Ok(true));
        })
        .await;
    }

    #[tokio::test]
    async fn stores_of_one_file_keep_their_keys_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = FileStore::new(folder.path().join("x.db"), WriterQueue::default());
        let place = Arc::new(Place::File(file));
        let one = Store::open("one".to_owned(), place.clone()).await.unwrap();
        let two = Store::open("two".to_owned(), place).await.unwrap();
        one.set("k", b"v").await.unwrap();
        assert!(!two.exists("k").unwrap());
    }
}
