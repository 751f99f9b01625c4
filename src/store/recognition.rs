//! Whether a database is one of this program, before anything is done to it.

use super::error::Error;
use super::schema::{FIRST_SCHEMA, SCHEMA_VERSION};
use super::sql::Sql;
use super::store::Store;

/// Our first table, by a column that no other program will have. Whether it has its name, `check` says.
const OURS: &str = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%swept_at%'";
/// What another program has made: Spin, we and whoever replicates the file make tables before the schema.
const OTHERS: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'spin_key_value'
    AND name NOT GLOB 'sqlite_*' AND name NOT GLOB 'libsql_*' AND name NOT GLOB '_litestream_*'";
/// The tables of the original server.
const ORIGINAL: [&str; 2] = ["files", "projects"];

impl Store {
    /// As [`require_own`], on one snapshot: another instance may make the schema meanwhile.
    pub fn require_own(&self) -> Result<(), Error> {
        self.snapshot(|store| require_own(store.sql()))
    }
}

/// Fails for a database of a newer or of another program. A new and empty one will do.
pub fn require_own(sql: &dyn Sql) -> Result<(), Error> {
    let version = sql.execute("PRAGMA user_version", Vec::new())?;
    match version.first().map_or(Ok(0), |row| row.integer(0))? {
        0 => require_empty(sql),
        newer if newer > SCHEMA_VERSION => Err(Error::NewerSchema(newer)),
        FIRST_SCHEMA.. if !sql.execute(OURS, Vec::new())?.is_empty() => Ok(()),
        _ => Err(Error::OtherProgram),
    }
}

fn require_empty(sql: &dyn Sql) -> Result<(), Error> {
    let found = sql.execute(OTHERS, Vec::new())?;
    let found: Vec<_> = found
        .iter()
        .map(|row| row.text(0))
        .collect::<Result<_, _>>()?;
    if found.is_empty() {
        Ok(())
    } else if ORIGINAL.iter().all(|table| found.contains(table)) {
        Err(Error::OriginalServer)
    } else {
        Err(Error::OtherProgram)
    }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::TestFile;
    use super::*;

    /// Why a database is refused in which this ran; none when it is taken.
    fn refusal(sql: &str) -> Option<Error> {
        let file = TestFile::new();
        let connection = file.connection();
        connection.execute_batch(sql).unwrap();
        let before: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .unwrap();
        let refusal = Store::open(file.connection()).err()?;
        let after =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0));
        assert_eq!(Ok(before), after);
        let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0));
        assert_eq!(Ok("delete".to_owned()), mode);
        Some(refusal)
    }

    #[test]
    fn a_database_of_another_program_is_left_as_it_is() {
        for other in [
            "CREATE TABLE mine (x)",
            "CREATE TABLE project (id); PRAGMA user_version = 20",
            "CREATE TABLE project (swept_at); PRAGMA user_version = 3",
            "CREATE TABLE mine (x); PRAGMA user_version = -1",
        ] {
            let refusal = refusal(other);
            assert!(matches!(refusal, Some(Error::OtherProgram)), "{other}");
        }
        let original = refusal("CREATE TABLE files (x); CREATE TABLE projects (x)");
        assert!(matches!(original, Some(Error::OriginalServer)));
    }

    #[test]
    fn a_database_of_counters_alone_is_a_new_one() {
        let counters = "CREATE TABLE spin_key_value (x); CREATE TABLE _litestream_seq (x);
            CREATE TABLE t (x INTEGER PRIMARY KEY AUTOINCREMENT); DROP TABLE t";
        assert!(refusal(counters).is_none());
    }
}
