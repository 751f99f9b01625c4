//! `fermyon:spin/key-value@2.0.0`, as Spin implements it (`crates/factor-key-value/src/host.rs`).
//! [`super::wasi_key_value`] calls the same implementation.

use wasmtime::component::Resource;

use super::bindings::fermyon::spin::key_value::{Error, Host, HostStore, Store};
use super::labels::LabelError;
use super::state::PlatformState;
use super::store_error::StoreError;
use super::stores::KeyValueStore;

impl Host for PlatformState {
    fn convert_error(&mut self, error: StoreError) -> wasmtime::Result<Error> {
        Ok(match error {
            StoreError::Label(LabelError::AccessDenied) => Error::AccessDenied,
            StoreError::Label(LabelError::Missing) => Error::NoSuchStore,
            StoreError::TableFull => Error::StoreTableFull,
            StoreError::Other(text) => Error::Other(text),
            StoreError::Trap(error) => return Err(error.into()),
        })
    }
}

impl HostStore for PlatformState {
    async fn open(&mut self, label: String) -> Result<Resource<Store>, StoreError> {
        let backend = self.shared.stores.get(&label)?;
        let store = KeyValueStore::open(label, backend).await?;
        self.stores
            .push(store)
            .map_err(|_full| StoreError::TableFull)
    }

    fn get(&mut self, handle: Resource<Store>, key: String) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.stores.get(&handle)?.get(&key)?)
    }

    async fn set(
        &mut self,
        handle: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), StoreError> {
        Ok(self.stores.get(&handle)?.set(&key, &value).await?)
    }

    async fn delete(&mut self, handle: Resource<Store>, key: String) -> Result<(), StoreError> {
        Ok(self.stores.get(&handle)?.delete(&key).await?)
    }

    fn exists(&mut self, handle: Resource<Store>, key: String) -> Result<bool, StoreError> {
        Ok(self.stores.get(&handle)?.exists(&key)?)
    }

    fn get_keys(&mut self, handle: Resource<Store>) -> Result<Vec<String>, StoreError> {
        Ok(self.stores.get(&handle)?.keys()?)
    }

    fn drop(&mut self, handle: Resource<Store>) -> wasmtime::Result<()> {
        self.stores.delete(&handle)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::MAX_HANDLES;
    use super::super::test_support;
    use super::*;

    async fn open(platform: &mut PlatformState, label: &str) -> Result<Resource<Store>, Error> {
        let opened = HostStore::open(platform, label.to_owned()).await;
        opened.map_err(|error| Host::convert_error(platform, error).unwrap())
    }

    #[tokio::test]
    async fn access_denied_comes_before_no_such_store() {
        let mut platform = test_support::platform();
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
        let mut platform = test_support::platform();
        for _ in 0..MAX_HANDLES {
            open(&mut platform, "default").await.unwrap();
        }
        let refused = open(&mut platform, "default").await;
        assert!(matches!(refused, Err(Error::StoreTableFull)));
    }

    #[tokio::test]
    async fn a_handle_that_the_guest_does_not_have_is_a_trap() {
        let mut platform = test_support::platform();
        let error = HostStore::get(&mut platform, Resource::new_own(7), "k".to_owned());
        assert!(Host::convert_error(&mut platform, error.unwrap_err()).is_err());
    }
}
