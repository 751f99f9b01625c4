//! `spin:sqlite/sqlite@3.0.0`, as Spin implements it (`crates/factor-sqlite/src/host.rs`).

use wasmtime::component::Resource;

use super::bindings::spin::sqlite::sqlite::{
    Connection, Error, Host, HostConnection, QueryResult, Value,
};
use super::connection::GuestConnection;
use super::labels::LabelError;
use super::state::{ColumnNames, PlatformState};

impl Host for PlatformState {}

impl HostConnection for PlatformState {
    fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let database = match self.shared.databases.get(&label) {
            Ok(database) => database,
            Err(error) => return Ok(Err(error.into())),
        };
        let handle = self.connections.push(GuestConnection::new(database));
        let full = |_| Error::Io("too many connections opened".to_owned());
        Ok(handle.map_err(full))
    }

    async fn execute(
        &mut self,
        handle: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        // It may wait for the write lock, or take long (`long_read`).
        self.turn.end();
        let connection = self.connections.get_mut(&handle)?;
        self.memory.release();
        let memory = &mut self.memory;
        let mut result = connection.execute(&statement, &parameters, memory).await;
        if self.column_names == ColumnNames::LeftOut
            && let Ok(result) = &mut result
        {
            result.columns.clear();
        }
        Ok(result)
    }

    fn last_insert_rowid(&mut self, handle: Resource<Connection>) -> wasmtime::Result<i64> {
        Ok(self.connections.get(&handle)?.last_insert_rowid())
    }

    fn changes(&mut self, handle: Resource<Connection>) -> wasmtime::Result<u64> {
        Ok(self.connections.get(&handle)?.changes())
    }

    fn drop(&mut self, handle: Resource<Connection>) -> wasmtime::Result<()> {
        self.connections.delete(&handle)?;
        Ok(())
    }
}

impl From<LabelError> for Error {
    fn from(error: LabelError) -> Self {
        match error {
            LabelError::AccessDenied => Self::AccessDenied,
            LabelError::Missing => Self::NoSuchDatabase,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::super::limits::MAX_HANDLES;
    use super::super::test_support;
    use super::*;

    fn open(platform: &mut PlatformState, label: &str) -> Result<Resource<Connection>, Error> {
        HostConnection::open(platform, label.to_owned()).unwrap()
    }

    #[test]
    fn access_denied_comes_before_no_such_database() {
        let mut platform = test_support::platform();
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
        let mut platform = test_support::platform();
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
        let mut platform = test_support::platform();
        for (leave_out, expected) in [(false, vec!["a", "b"]), (true, vec![])] {
            if leave_out {
                platform.leave_column_names_out();
            }
            let handle = open(&mut platform, "default").unwrap();
            let statement = "SELECT 1 AS a, 2 AS b".to_owned();
            let result = HostConnection::execute(&mut platform, handle, statement, vec![]).await;
            let result = result.unwrap().unwrap();
            assert_eq!(result.columns, expected);
            assert_eq!(result.rows[0].values.len(), 2);
        }
    }

    #[tokio::test]
    async fn a_statement_leaves_the_turn_of_its_instance_to_others() {
        let mut platform = test_support::platform();
        platform.next_turn().unwrap().await;
        let handle = open(&mut platform, "default").unwrap();
        let statement = "SELECT 1".to_owned();
        let result = HostConnection::execute(&mut platform, handle, statement, vec![]).await;
        result.unwrap().unwrap();
        let other = platform.shared.turns.next(Arc::default());
        timeout(Duration::from_secs(1), other).await.unwrap();
    }
}
