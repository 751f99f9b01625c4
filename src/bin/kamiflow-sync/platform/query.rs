//! Runs one statement and reads its rows, with the limits of Spin (`crates/sqlite-inproc/src/lib.rs`).

use std::mem::size_of;
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, Row, ToSql, params_from_iter};

use super::bindings::spin::sqlite::sqlite::{Error, QueryResult, RowResult, Value};
use super::deadline::{STATEMENT_TIMEOUT, within};
use super::limits::{MAX_RESULT_BYTES, result_too_large};

/// How long a statement may compute, and how many bytes its rows may take.
#[derive(Clone, Copy)]
pub struct Extent {
    pub time: Duration,
    pub bytes: usize,
}

/// As far as any statement may go.
const FULL: Extent = Extent {
    time: STATEMENT_TIMEOUT,
    bytes: MAX_RESULT_BYTES,
};

/// Why there are no rows.
#[derive(Debug)]
pub enum Failed {
    Sql(rusqlite::Error),
    TooLarge,
}

/// Returns all rows.
///
/// # Errors
///
/// `Io` with `SQLite`'s text, also after [`STATEMENT_TIMEOUT`], or with Spin's when the rows take more
/// than 128 MiB.
pub fn query(
    connection: &Connection,
    statement: &str,
    parameters: &[Value],
) -> Result<QueryResult, Error> {
    Ok(query_within(FULL, connection, statement, parameters)?)
}

/// Returns all rows, if the statement does not go further than this.
pub fn query_within(
    extent: Extent,
    connection: &Connection,
    statement: &str,
    parameters: &[Value],
) -> Result<QueryResult, Failed> {
    within(extent.time, || {
        all_rows(connection, statement, parameters, extent.bytes)
    })
}

fn all_rows(
    connection: &Connection,
    statement: &str,
    parameters: &[Value],
    max_bytes: usize,
) -> Result<QueryResult, Failed> {
    let mut statement = connection.prepare_cached(statement)?;
    let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
    let mut found = statement.query(params_from_iter(parameters))?;
    let mut bytes = size_of::<QueryResult>();
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let row = read_row(row, columns.len())?;
        bytes += row.values.iter().map(memory_size).sum::<usize>();
        if bytes > max_bytes {
            return Err(Failed::TooLarge);
        }
        rows.push(row);
    }
    Ok(QueryResult { columns, rows })
}

fn read_row(row: &Row<'_>, columns: usize) -> rusqlite::Result<RowResult> {
    let read = |column| from_sql(column, row.get_ref(column)?);
    let values = (0..columns).map(read).collect::<Result<_, _>>()?;
    Ok(RowResult { values })
}

/// Fails for text that is not UTF-8, where Spin's host panics.
fn from_sql(column: usize, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(error) => return Err(rusqlite::Error::Utf8Error(column, error)),
        },
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(blob) => ValueRef::Blob(blob),
        }))
    }
}

/// As Spin counts (`crates/world/src/lib.rs`).
pub fn memory_size(value: &Value) -> usize {
    let content = match value {
        Value::Null | Value::Integer(_) | Value::Real(_) => 0,
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
    };
    size_of::<Value>() + content
}

impl Failed {
    /// Whether the statement took longer than it was allowed to.
    pub fn is_interrupted(&self) -> bool {
        match self {
            Self::TooLarge => false,
            Self::Sql(error) => error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted),
        }
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Sql(error) => io(error),
            Failed::TooLarge => Self::Io(result_too_large()),
        }
    }
}

/// A guest gets an error of `SQLite` as text.
pub fn io(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}
