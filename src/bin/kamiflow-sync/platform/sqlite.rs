//! `spin:sqlite/sqlite@3.0.0`, as Spin implements it (`crates/factor-sqlite/src/host.rs`).

use wasmtime::component::Resource;
use wasmtime_wasi::TrappableError;

use super::bindings::spin::sqlite::sqlite::{Error, Host, HostConnection, QueryResult, Value};
use super::connection::GuestConnection;
use super::labels::LabelError;
use super::state::{ColumnNames, PlatformState};

pub type SqliteError = TrappableError<Error>;

impl Host for PlatformState {
    fn convert_error(&mut self, error: SqliteError) -> wasmtime::Result<Error> {
        error.downcast()
    }
}

impl HostConnection for PlatformState {
    fn open(&mut self, label: String) -> Result<Resource<GuestConnection>, SqliteError> {
        let database = self.shared.databases.get(&label)?;
        let handle = self.connections.push(GuestConnection::new(database));
        Ok(handle.map_err(|_full| Error::Io("too many connections opened".to_owned()))?)
    }

    async fn execute(
        &mut self,
        handle: Resource<GuestConnection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, SqliteError> {
        // It may wait for the write lock, or take long (`long_read`).
        self.turn.end();
        let connection = self.connections.get_mut(&handle);
        let connection = connection.map_err(SqliteError::trap)?;
        self.memory.release();
        let memory = &mut self.memory;
        let mut result = connection.execute(&statement, &parameters, memory).await?;
        if self.column_names == ColumnNames::LeftOut {
            result.columns.clear();
        }
        Ok(result)
    }

    fn last_insert_rowid(&mut self, handle: Resource<GuestConnection>) -> wasmtime::Result<i64> {
        Ok(self.connections.get(&handle)?.last_insert_rowid())
    }

    fn changes(&mut self, handle: Resource<GuestConnection>) -> wasmtime::Result<u64> {
        Ok(self.connections.get(&handle)?.changes())
    }

    fn drop(&mut self, handle: Resource<GuestConnection>) -> wasmtime::Result<()> {
        self.connections.delete(handle)?;
        Ok(())
    }
}

impl From<LabelError> for SqliteError {
    fn from(error: LabelError) -> Self {
        match error {
            LabelError::AccessDenied => Error::AccessDenied.into(),
            LabelError::Missing => Error::NoSuchDatabase.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::super::limits::MAX_HANDLES;
    use super::super::testing;
    use super::*;

    fn open(platform: &mut PlatformState, label: &str) -> Result<Resource<GuestConnection>, Error> {
        let opened = HostConnection::open(platform, label.to_owned());
        opened.map_err(|error| Host::convert_error(platform, error).unwrap())
    }

    #[test]
    fn access_denied_comes_before_no_such_database() {
        let mut platform = testing::platform();
        assert!(matches!(
            open(&mut platform, "nowhere"),
            Err(Error::AccessDenied)
        ));
        assert!(matches!(
            open(&mut platform, "exists"),
            Err(Error::AccessDenied)
        ));
        assert!(matches!(
            open(&mut platform, "granted"),
            Err(Error::NoSuchDatabase)
        ));
    }

    #[test]
    fn the_257th_connection_is_refused_until_one_is_dropped() {
        let mut platform = testing::platform();
        let mut open_one = || open(&mut platform, "default");
        let mut handles: Vec<_> = (0..MAX_HANDLES).map(|_| open_one().unwrap()).collect();
        let expected = "too many connections opened";
        assert!(matches!(open_one(), Err(Error::Io(text)) if text == expected));
        let last = handles.pop().unwrap();
        HostConnection::drop(&mut platform, last).unwrap();
        assert!(open(&mut platform, "default").is_ok());
    }

    #[tokio::test]
    async fn names_of_columns_are_left_out_for_a_guest_that_goes_by_their_order() {
        let mut platform = testing::platform();
        for (leave_out, expected) in [(false, vec!["a", "b"]), (true, vec![])] {
            if leave_out {
                platform.leave_column_names_out();
            }
            let handle = open(&mut platform, "default").unwrap();
            let statement = "SELECT 1 AS a, 2 AS b".to_owned();
            let result = HostConnection::execute(&mut platform, handle, statement, vec![]).await;
            let result = result.unwrap_or_else(|_| panic!("there is a row"));
            assert_eq!(result.columns, expected);
            assert_eq!(result.rows[0].values.len(), 2);
        }
    }

    #[tokio::test]
    async fn a_statement_leaves_the_turn_of_its_instance_to_others() {
        let mut platform = testing::platform();
        platform.next_turn().unwrap().await;
        let handle = open(&mut platform, "default").unwrap();
        let statement = "SELECT 1".to_owned();
        let result = HostConnection::execute(&mut platform, handle, statement, vec![]).await;
        assert!(result.is_ok());
        let other = platform.shared.turns.next(Arc::default());
        timeout(Duration::from_secs(1), other).await.unwrap();
    }
}
