//! [`Sql`] over Spin's interface.

use spin_sdk::sqlite3::{self, Connection};

use crate::store::{Row, Sql, SqlError, Value};

/// A connection to the database with the label `default`.
pub(super) struct SpinSqlite(Connection);

impl SpinSqlite {
    pub(super) fn open() -> Result<Self, SqlError> {
        Connection::open_default().map(Self).map_err(failed)
    }
}

impl Sql for SpinSqlite {
    fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        let parameters: Vec<_> = parameters.into_iter().map(to_spin).collect();
        let result = self.0.execute(statement, &parameters).map_err(failed)?;
        let row = |row: sqlite3::RowResult| Row(row.values.into_iter().map(from_spin).collect());
        Ok(result.rows.into_iter().map(row).collect())
    }
}

fn to_spin(value: Value) -> sqlite3::Value {
    match value {
        Value::Null => sqlite3::Value::Null,
        Value::Integer(number) => sqlite3::Value::Integer(number),
        Value::Real(number) => sqlite3::Value::Real(number),
        Value::Text(text) => sqlite3::Value::Text(text),
        Value::Blob(bytes) => sqlite3::Value::Blob(bytes),
    }
}

fn from_spin(value: sqlite3::Value) -> Value {
    match value {
        sqlite3::Value::Null => Value::Null,
        sqlite3::Value::Integer(number) => Value::Integer(number),
        sqlite3::Value::Real(number) => Value::Real(number),
        sqlite3::Value::Text(text) => Value::Text(text),
        sqlite3::Value::Blob(bytes) => Value::Blob(bytes),
    }
}

/// Spin passes SQLite's errors on as text only.
fn failed(error: sqlite3::Error) -> SqlError {
    match error {
        sqlite3::Error::DatabaseFull => SqlError::Full,
        sqlite3::Error::Io(text) => SqlError::from_text(text),
        other => SqlError::Failed(format!("{other:?}").into()),
    }
}
