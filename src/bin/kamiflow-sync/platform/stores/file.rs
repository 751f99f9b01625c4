//! Key-value stores in a `SQLite` file, in the table and with the statements of Spin
//! (`crates/key-value-spin/src/store.rs`), so either program can open what the other wrote.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::{read_counter, too_large};
use crate::platform::MAX_RESULT_BYTES;
use crate::platform::write_lock::{Turn, WriterQueue};

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

/// All stores of one file. They share one connection, which the first to open makes.
///
/// Every error is the text that Spin gives for it.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    writers: WriterQueue,
    connection: OnceLock<Mutex<Connection>>,
}

impl FileStore {
    /// The stores of the file at `path`, whose writers queue in `writers`.
    pub fn new(path: PathBuf, writers: WriterQueue) -> Self {
        let connection = OnceLock::new();
        Self {
            path,
            writers,
            connection,
        }
    }

    /// Opens the file and makes the table, unless that was done before.
    pub async fn open(&self) -> Result<(), String> {
        if self.connection.get().is_none() {
            let _turn = self.turn().await?;
            let connection = Connection::open(&self.path).map_err(text)?;
            connection.execute(CREATE, []).map_err(text)?;
            self.connection.get_or_init(|| Mutex::new(connection));
        }
        Ok(())
    }

    /// The value of `key` in `store`.
    pub fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, String> {
        get(&*self.connection()?, store, key)
    }

    /// Gives `key` a value.
    pub async fn set(&self, store: &str, key: &str, value: &[u8]) -> Result<(), String> {
        let _turn = self.turn().await?;
        set(&*self.connection()?, store, key, value)
    }

    /// Forgets `key`.
    pub async fn delete(&self, store: &str, key: &str) -> Result<(), String> {
        let _turn = self.turn().await?;
        let connection = self.connection()?;
        let mut delete = connection.prepare_cached(DELETE).map_err(text)?;
        delete.execute([store, key]).map(drop).map_err(text)
    }

    /// All keys of `store`, up to 128 MiB of them.
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
                return Err(too_large());
            }
            keys.push(key);
        }
        Ok(keys)
    }

    /// Adds `delta` to the counter `key` and returns the sum.
    pub async fn increment(&self, store: &str, key: &str, delta: i64) -> Result<i64, String> {
        let _turn = self.turn().await?;
        let mut connection = self.connection()?;
        let transaction = connection.transaction().map_err(text)?;
        let sum = read_counter(get(&transaction, store, key)?.as_deref(), delta)?;
        set(&transaction, store, key, &sum.to_le_bytes())?;
        transaction.commit().map_err(text)?;
        Ok(sum)
    }

    /// Sets `key` when its value is `seen`, or when nothing was seen; whether it did.
    pub async fn swap(
        &self,
        store: &str,
        key: &str,
        seen: Option<&[u8]>,
        value: &[u8],
    ) -> Result<bool, String> {
        let _turn = self.turn().await?;
        let connection = self.connection()?;
        let Some(seen) = seen else {
            return set(&connection, store, key, value).map(|()| true);
        };
        let named = named_params! {
            ":name": store, ":key": key, ":old_value": seen, ":new_value": value,
        };
        let mut update = connection.prepare_cached(SWAP).map_err(text)?;
        update.execute(named).map(|rows| rows == 1).map_err(text)
    }

    async fn turn(&self) -> Result<Turn, String> {
        let turn = self.writers.turn().await;
        turn.ok_or_else(|| "database is locked".to_owned())
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

/// Spin gives the guest the debug form.
fn text(error: rusqlite::Error) -> String {
    format!("{error:?}")
}
