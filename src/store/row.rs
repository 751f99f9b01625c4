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
        let number = self.optional_integer(column)?;
        let fitting = number.and_then(|number| T::try_from(number).ok());
        fitting.ok_or(Error::Damaged("a number is missing or out of range"))
    }

    /// A whole number, or none for NULL.
    pub(super) fn optional_integer(&self, column: usize) -> Result<Option<i64>, Error> {
        match self.present(column) {
            None => Ok(None),
            Some(Value::Integer(number)) => Ok(Some(*number)),
            Some(_) => Err(Error::Damaged("a number is of another type")),
        }
    }

    /// A text.
    pub(super) fn text(&self, column: usize) -> Result<&str, Error> {
        let text = self.optional_text(column)?;
        text.ok_or(Error::Damaged("a text is missing"))
    }

    /// A text, or none for NULL.
    pub(super) fn optional_text(&self, column: usize) -> Result<Option<&str>, Error> {
        match self.present(column) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(Error::Damaged("a text is of another type")),
        }
    }

    /// Bytes.
    pub(super) fn blob(&self, column: usize) -> Result<&[u8], Error> {
        let bytes = self.optional_blob(column)?;
        bytes.ok_or(Error::Damaged("bytes are missing"))
    }

    /// Bytes, or none for NULL.
    pub(super) fn optional_blob(&self, column: usize) -> Result<Option<&[u8]>, Error> {
        match self.present(column) {
            None => Ok(None),
            Some(Value::Blob(bytes)) => Ok(Some(bytes)),
            Some(_) => Err(Error::Damaged("bytes are of another type")),
        }
    }

    /// A checksum, or none for NULL, which is a deletion: what is damaged must not count as one.
    pub(super) fn optional_checksum(&self, column: usize) -> Result<Option<Checksum>, Error> {
        let checksum = |bytes| {
            let checksum = Checksum::from_bytes(bytes);
            checksum.ok_or(Error::Damaged("a checksum does not have 32 bytes"))
        };
        self.optional_blob(column)?.map(checksum).transpose()
    }

    /// The texts of a JSON array.
    pub(super) fn texts(&self, column: usize) -> Result<Vec<String>, Error> {
        let texts = serde_json::from_str(self.text(column)?);
        texts.map_err(|_| Error::Damaged("a list of texts is no JSON"))
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

    /// A value that is not NULL.
    fn present(&self, column: usize) -> Option<&Value> {
        let value = self.0.get(column)?;
        (*value != Value::Null).then_some(value)
    }

    fn take(&mut self, column: usize) -> Option<Value> {
        let value = self.0.get_mut(column)?;
        Some(std::mem::replace(value, Value::Null))
    }
}
