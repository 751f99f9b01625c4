//! A native connection that has the space kept for deletions on a full disk, as those of guests have it.

use std::cell::RefCell;
use std::path::Path;

use kamiflow_sync_component::store::{BEGIN_ALONE, Row, Sql, SqlError, Value};
use rusqlite::Connection;

use super::disk_reserve::{DiskReserve, Lent};

/// Has the space in a transaction that begins with [`BEGIN_ALONE`].
pub struct LendingConnection {
    // The first is dropped before the space is taken again.
    connection: Connection,
    lent: RefCell<Option<Lent>>,
    reserve: DiskReserve,
}

impl LendingConnection {
    pub fn new(connection: Connection, file: &Path) -> Self {
        Self {
            connection,
            lent: RefCell::default(),
            reserve: DiskReserve::of(file),
        }
    }
}

impl Sql for LendingConnection {
    fn execute(&self, statement: &str, parameters: Vec<Value>) -> Result<Vec<Row>, SqlError> {
        let result = Sql::execute(&self.connection, statement, parameters);
        if self.connection.is_autocommit() {
            self.lent.take();
        } else if statement == BEGIN_ALONE {
            // Nobody else writes to the database now, and so takes what is lent.
            self.lent.replace(self.reserve.lend());
        }
        result
    }
}
