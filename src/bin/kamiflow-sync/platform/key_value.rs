//! `fermyon:spin/key-value@2.0.0`, as Spin answers it (`crates/factor-key-value/src/host.rs`).

use wasmtime::component::Resource;

use super::bindings::fermyon::spin::key_value::{Error, Host, HostStore};
use super::stores::Store;
use super::{Platform, Refused};

impl Host for Platform {}

impl HostStore for Platform {
    async fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<Store>, Error>> {
        let place = match self.shared.stores.get(&label) {
            Ok(place) => place.clone(),
            Err(Refused::Denied) => return Ok(Err(Error::AccessDenied)),
            Err(Refused::Missing) => return Ok(Err(Error::NoSuchStore)),
        };
        Ok(match Store::open(label, place).await {
            Ok(store) => self
                .open_stores
                .push(store)
                .map_err(|_full| Error::StoreTableFull),
            Err(text) => Err(Error::Other(text)),
        })
    }

    fn get(
        &mut self,
        handle: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        Ok(self
            .open_stores
            .get(&handle)?
            .get(&key)
            .map_err(Error::Other))
    }

    async fn set(
        &mut self,
        handle: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        let store = self.open_stores.get(&handle)?;
        Ok(store.set(&key, &value).await.map_err(Error::Other))
    }

    async fn delete(
        &mut self,
        handle: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        let store = self.open_stores.get(&handle)?;
        Ok(store.delete(&key).await.map_err(Error::Other))
    }

    fn exists(
        &mut self,
        handle: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        Ok(self
            .open_stores
            .get(&handle)?
            .exists(&key)
            .map_err(Error::Other))
    }

    fn get_keys(
        &mut self,
        handle: Resource<Store>,
    ) -> wasmtime::Result<Result<Vec<String>, Error>> {
        Ok(self.open_stores.get(&handle)?.keys().map_err(Error::Other))
    }

    fn drop(&mut self, handle: Resource<Store>) -> wasmtime::Result<()> {
        self.open_stores.delete(handle)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_HANDLES, testing};
    use super::*;

    async fn open(platform: &mut Platform, label: &str) -> Result<Resource<Store>, Error> {
        HostStore::open(platform, label.to_owned()).await.unwrap()
    }

    #[tokio::test]
    async fn access_denied_comes_before_no_such_store() {
        let mut platform = testing::platform();
        assert!(matches!(
            open(&mut platform, "exists").await,
            Err(Error::AccessDenied)
        ));
        assert!(matches!(
            open(&mut platform, "granted").await,
            Err(Error::NoSuchStore)
        ));
    }

    #[tokio::test]
    async fn the_257th_store_is_refused() {
        let mut platform = testing::platform();
        for _ in 0..MAX_HANDLES {
            open(&mut platform, "default").await.unwrap();
        }
        let refused = open(&mut platform, "default").await;
        assert!(matches!(refused, Err(Error::StoreTableFull)));
    }
}
