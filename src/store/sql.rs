//! The one way into SQLite: what the store needs of a connection.
//!
//! Implemented over Spin's interface in `component`, and over `rusqlite` in [`native`](super::native).

use super::row::{Row, Value};
use super::sql_error::SqlError;

/// A connection to a database. Dropping it rolls an open transaction back.
pub trait Sql {
    /// Runs one statement and returns all its rows.
    fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError>;
}
