//! `spin:sqlite/sqlite@3.0.0`, as Spin answers it (`crates/factor-sqlite/src/host.rs`).

use wasmtime::component::Resource;

use super::bindings::spin::sqlite::sqlite::{Error, Host, HostConnection, QueryResult, Value};
use super::connection::Connection;
use super::{Platform, Refused};

impl Host for Platform {}

impl HostConnection for Platform {
    fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<Connection>, Error>> {
        let database = match self.shared.databases.get(&label) {
            Ok(database) => database.clone(),
            Err(Refused::Denied) => return Ok(Err(Error::AccessDenied)),
            Err(Refused::Missing) => return Ok(Err(Error::NoSuchDatabase)),
        };
        let handle = self.connections.push(Connection::new(database));
        Ok(handle.map_err(|_full| Error::Io("too many connections opened".to_owned())))
    }

    async fn execute(
        &mut self,
        handle: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<QueryResult, Error>> {
        let connection = self.connections.get_mut(&handle)?;
        Ok(connection.execute(&statement, parameters).await)
    }

    fn last_insert_rowid(&mut self, handle: Resource<Connection>) -> wasmtime::Result<i64> {
        Ok(self.connections.get(&handle)?.last_insert_rowid())
    }

    fn changes(&mut self, handle: Resource<Connection>) -> wasmtime::Result<u64> {
        Ok(self.connections.get(&handle)?.changes())
    }

    fn drop(&mut self, handle: Resource<Connection>) -> wasmtime::Result<()> {
        self.connections.delete(handle)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_HANDLES, testing};
    use super::*;

    fn open(platform: &mut Platform, label: &str) -> Result<Resource<Connection>, Error> {
        HostConnection::open(platform, label.to_owned()).unwrap()
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
}
