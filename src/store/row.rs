//! Values and rows of SQLite, as the store writes and reads them.

use super::error::Error;
use crate::domain::Checksum;

/// A value of SQLite.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text in UTF-8.
    Text(String),
    /// Any bytes.
    Blob(Vec<u8>),
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

    /// The texts of a JSON array.
    pub(super) fn texts(&self, column: usize) -> Result<Vec<String>, Error> {
        let texts = self.text(column).map(serde_json::from_str);
        let texts = texts.and_then(Result::ok);
        texts.ok_or(Error::Damaged("a list of texts is missing"))
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
