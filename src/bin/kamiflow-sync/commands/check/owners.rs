//! The projects that rows of other tables may belong to.

use rusqlite::Connection;

/// Selects them: also deleted ones that are still being removed, which schemas before 10 do not know.
pub fn owners(connection: &Connection) -> rusqlite::Result<&'static str> {
    Ok(if connection.table_exists(None, "removal")? {
        "SELECT number FROM project UNION ALL SELECT project FROM removal"
    } else {
        "SELECT number FROM project"
    })
}
