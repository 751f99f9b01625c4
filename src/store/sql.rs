//! The one way into SQLite: what the store needs of a connection, and rows as it reads them.
//!
//! Implemented over Spin's interface in `component`, and over `rusqlite` in [`native`](super::native).

use super::error::Error;
use crate::domain::Checksum;

/// A connection to a database. Dropping it rolls an open transaction back.
pub trait Sql {
    /// Runs one statement and returns all its rows.
    fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError>;
}

/// A value of SQLite.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// UTF-8.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

/// Why SQLite did not run a statement.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// Another connection holds the lock.
    #[error("the database is locked")]
    Busy,
    /// The disk, or the database's own limit, is full.
    #[error("the disk is full")]
    Full,
    /// Anything else.
    #[error("SQLite failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SqlError {
    /// Tells a lock and a full disk apart by SQLite's text, which is all that some hosts pass on.
    pub fn from_text(text: String) -> Self {
        match text {
            text if text.contains("database is locked") => Self::Busy,
            text if text.contains("database or disk is full") => Self::Full,
            text => Self::Failed(text.into()),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&Checksum> for Value {
    fn from(checksum: &Checksum) -> Self {
        Self::Blob(checksum.as_bytes().to_vec())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A JSON array of texts or numbers as one parameter, for `json_each`.
pub(super) fn json_array<T: Into<serde_json::Value>>(values: impl Iterator<Item = T>) -> Value {
    Value::Text(serde_json::Value::from_iter(values).to_string())
}

/// A row of a result.
#[derive(Debug, Default)]
pub struct Row(pub Vec<Value>);

impl Row {
    /// A whole number; an error for anything else, and for one that does not fit.
    pub(super) fn integer<T: TryFrom<i64>>(&self, column: usize) -> Result<T, Error> {
        let number = self.optional_integer(column);
        let fitting = number.and_then(|number| T::try_from(number).ok());
        fitting.ok_or(Error::Damaged("a number is missing or out of range"))
    }

    /// A whole number, where there is one.
    pub(super) fn optional_integer(&self, column: usize) -> Option<i64> {
        match self.0.get(column)? {
            Value::Integer(number) => Some(*number),
            Value::Null | Value::Real(_) | Value::Text(_) | Value::Blob(_) => None,
        }
    }

    /// A text, where there is one.
    pub(super) fn text(&self, column: usize) -> Option<&str> {
        match self.0.get(column)? {
            Value::Text(text) => Some(text),
            Value::Null | Value::Integer(_) | Value::Real(_) | Value::Blob(_) => None,
        }
    }

    /// Bytes, where there are any.
    pub(super) fn blob(&self, column: usize) -> Option<&[u8]> {
        match self.0.get(column)? {
            Value::Blob(bytes) => Some(bytes),
            Value::Null | Value::Integer(_) | Value::Real(_) | Value::Text(_) => None,
        }
    }

    /// A checksum; none for a deletion.
    pub(super) fn optional_checksum(&self, column: usize) -> Option<Checksum> {
        self.blob(column).and_then(Checksum::from_bytes)
    }

    /// Takes a text out of the row without a copy.
    pub(super) fn take_text(&mut self, column: usize) -> Result<String, Error> {
        match self.take(column) {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(Error::Damaged("a text is missing")),
        }
    }

    /// Takes bytes out of the row without a copy.
    pub(super) fn take_blob(&mut self, column: usize) -> Result<Vec<u8>, Error> {
        match self.take(column) {
            Some(Value::Blob(bytes)) => Ok(bytes),
            _ => Err(Error::Damaged("content is not a blob")),
        }
    }

    fn take(&mut self, column: usize) -> Option<Value> {
        let value = self.0.get_mut(column)?;
        Some(std::mem::replace(value, Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_and_a_full_disk_are_told_apart_from_other_failures() {
        let error = |text: &str| SqlError::from_text(text.to_owned());
        assert!(matches!(error("database is locked"), SqlError::Busy));
        assert!(matches!(error("database or disk is full"), SqlError::Full));
        assert!(matches!(error("no such table: x"), SqlError::Failed(_)));
    }
}
