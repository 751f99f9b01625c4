//! Key-value stores in a `SQLite` file, with Spin's table and statements
//! (`crates/key-value-spin/src/store.rs`), so that Spin and this host can read each other's files.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::counter;
use crate::platform::limits::{MAX_RESULT_BYTES, result_too_large};
use crate::platform::write_lock::{WriteGuard, WriteLock};

const CREATE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,

    PRIMARY KEY (store, key)
)";
const GET: &str = "SELECT value FROM spin_key_value WHERE store=$1 AND key=$2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES ($1, $2, $3)
    ON CONFLICT(store, key) DO UPDATE SET value=$3";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store=$1 AND key=$2";
const KEYS: &str = "SELECT key FROM spin_key_value WHERE store=$1";
const SWAP: &str = "UPDATE spin_key_value SET value=:new_value
    WHERE store=:name and key=:key and value=:old_value";

/// With fewer free bytes the disk counts as full. The log may still have room for a small value, but
/// not for a push.
const NO_SPACE: u64 = 1 << 20;

/// All stores of one file. They share one connection, opened with the first store.
///
/// Every error is Spin's text.
#[derive(Debug)]
pub struct FileBackend {
    path: PathBuf,
    write_lock: WriteLock,
    connection: OnceLock<Mutex<Connection>>,
}

impl FileBackend {
    pub fn new(path: PathBuf, write_lock: WriteLock) -> Self {
        let connection = OnceLock::new();
        Self {
            path,
            write_lock,
            connection,
        }
    }

    /// Opens the file and creates the table, unless that was done before.
    pub async fn open(&self) -> Result<(), String> {
        if self.connection.get().is_none() {
            let _guard = self.lock().await?;
            let connection = self.write_lock.open_for_keys(&self.path).map_err(text)?;
            connection.execute(CREATE, []).map_err(text)?;
            self.connection.get_or_init(|| Mutex::new(connection));
        }
        Ok(())
    }

    pub fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, String> {
        get(&*self.connection()?, store, key)
    }

    /// Fails when the disk is full.
    pub async fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<(), String> {
        self.require_space()?;
        let _guard = self.lock().await?;
        set(&*self.connection()?, store, key, value)
    }

    pub async fn delete(&self, store: &str, key: &str) -> Result<(), String> {
        let _guard = self.lock().await?;
        let connection = self.connection()?;
        let mut delete = connection.prepare_cached(DELETE).map_err(text)?;
        delete.execute([store, key]).map(drop).map_err(text)
    }

    /// Fails when the keys take more than 128 MiB.
    pub fn keys(&self, store: &str) -> Result<Vec<String>, String> {
        let connection = self.connection()?;
        let mut select = connection.prepare_cached(KEYS).map_err(text)?;
        let mut rows = select.query([store]).map_err(text)?;
        let mut bytes = size_of::<Vec<String>>();
        let mut keys = Vec::new();
        while let Some(row) = rows.next().map_err(text)? {
            let key: String = row.get(0).map_err(text)?;
            bytes += size_of::<String>() + key.len();
            if bytes > MAX_RESULT_BYTES {
                return Err(result_too_large());
            }
            keys.push(key);
        }
        Ok(keys)
    }

    /// Adds `delta` to the counter `key` and returns the sum.
    pub async fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64, String> {
        let _guard = self.lock().await?;
        let mut connection = self.connection()?;
        let transaction = connection.transaction().map_err(text)?;
        let sum = counter::add(get(&transaction, store, key)?.as_deref(), delta)?;
        set(&transaction, store, key, &sum.to_le_bytes())?;
        transaction.commit().map_err(text)?;
        Ok(sum)
    }

    /// Sets `key` if its value is `expected`, or if nothing is expected. Returns whether it did.
    pub async fn swap(
        &self,
        store: &str,
        key: &str,
        expected: Option<&[u8]>,
        value: &[u8],
    ) -> Result<bool, String> {
        let _guard = self.lock().await?;
        let connection = self.connection()?;
        let Some(expected) = expected else {
            return set(&connection, store, key, value).map(|()| true);
        };
        let named = named_params! {
            ":name": store, ":key": key, ":old_value": expected, ":new_value": value,
        };
        let mut update = connection.prepare_cached(SWAP).map_err(text)?;
        update.execute(named).map(|rows| rows == 1).map_err(text)
    }

    fn require_space(&self) -> Result<(), String> {
        let disk = rustix::fs::statvfs(&self.path).map_err(|error| format!("{error:?}"))?;
        match disk.f_bavail.saturating_mul(disk.f_frsize) {
            NO_SPACE.. => Ok(()),
            // SQLite's text, by which the component knows it.
            _ => Err("database or disk is full".to_owned()),
        }
    }

    async fn lock(&self) -> Result<WriteGuard, String> {
        let guard = self.write_lock.acquire().await;
        guard.map_err(str::to_owned)
    }

    fn connection(&self) -> Result<MutexGuard<'_, Connection>, String> {
        let connection = self.connection.get().ok_or("the store is not open")?;
        Ok(connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn get(connection: &Connection, store: &str, key: &str) -> Result<Option<Vec<u8>>, String> {
    let mut select = connection.prepare_cached(GET).map_err(text)?;
    let found = select.query_row([store, key], |row| row.get(0));
    found.optional().map_err(text)
}

fn set(connection: &Connection, store: &str, key: &str, value: &[u8]) -> Result<(), String> {
    let mut upsert = connection.prepare_cached(SET).map_err(text)?;
    let done = upsert.execute(params![store, key, value]);
    done.map(drop).map_err(text)
}

/// As on Spin, the guest gets the debug form.
fn text(error: rusqlite::Error) -> String {
    format!("{error:?}")
}
