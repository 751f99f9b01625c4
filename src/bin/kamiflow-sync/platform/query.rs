//! Runs one statement and reads its rows, with the limits of Spin (`crates/sqlite-inproc/src/lib.rs`).

use std::mem::size_of;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params_from_iter};

use super::bindings::spin::sqlite::sqlite::{Error, QueryResult, RowResult, Value};
use super::deadline::{STATEMENT_TIMEOUT, within};
use super::limits::{MAX_RESULT_BYTES, result_too_large};

/// Returns all rows.
///
/// # Errors
///
/// `Io` with `SQLite`'s text, also after [`STATEMENT_TIMEOUT`], or with Spin's when the rows take more
/// than 128 MiB.
pub fn query(
    connection: &Connection,
    statement: &str,
    parameters: Vec<Value>,
) -> Result<QueryResult, Error> {
    within(STATEMENT_TIMEOUT, || {
        all_rows(connection, statement, parameters)
    })
}

fn all_rows(
    connection: &Connection,
    statement: &str,
    parameters: Vec<Value>,
) -> Result<QueryResult, Error> {
    let mut statement = connection.prepare_cached(statement).map_err(io)?;
    let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
    let parameters = params_from_iter(parameters.into_iter().map(to_sql));
    let mut found = statement.query(parameters).map_err(io)?;
    let mut bytes = size_of::<QueryResult>();
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(io)? {
        let row = read_row(row, columns.len())?;
        bytes += row.values.iter().map(memory_size).sum::<usize>();
        if bytes > MAX_RESULT_BYTES {
            return Err(Error::Io(result_too_large()));
        }
        rows.push(row);
    }
    Ok(QueryResult { columns, rows })
}

fn read_row(row: &Row<'_>, columns: usize) -> Result<RowResult, Error> {
    let read = |column| from_sql(row.get_ref(column).map_err(io)?);
    let values = (0..columns).map(read).collect::<Result<_, _>>()?;
    Ok(RowResult { values })
}

/// Fails for text that is not UTF-8, where Spin's host panics.
fn from_sql(value: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Blob(blob) => Value::Blob(blob.to_vec()),
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(error) => return Err(Error::Io(error.to_string())),
        },
    })
}

fn to_sql(value: Value) -> rusqlite::types::Value {
    match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Integer(integer) => rusqlite::types::Value::Integer(integer),
        Value::Real(real) => rusqlite::types::Value::Real(real),
        Value::Text(text) => rusqlite::types::Value::Text(text),
        Value::Blob(blob) => rusqlite::types::Value::Blob(blob),
    }
}

/// As Spin counts (`crates/world/src/lib.rs`).
fn memory_size(value: &Value) -> usize {
    let content = match value {
        Value::Null | Value::Integer(_) | Value::Real(_) => 0,
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
    };
    size_of::<Value>() + content
}

/// A guest gets an error of `SQLite` as text.
pub fn io(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}
