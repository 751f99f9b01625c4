//! `wasi:keyvalue/store@0.2.0-draft2` on the implementation of [`super::key_value`], as on Spin
//! (`crates/factor-key-value/src/host.rs`).

use wasmtime::component::Resource;

use super::bindings::fermyon::spin::key_value::{HostStore, Store};
use super::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use super::labels::LabelError;
use super::state::PlatformState;
use super::store_error::StoreError;

impl Host for PlatformState {
    async fn open(&mut self, label: String) -> Result<Resource<Store>, StoreError> {
        HostStore::open(self, label).await
    }

    fn convert_error(&mut self, error: StoreError) -> wasmtime::Result<Error> {
        Ok(match error {
            StoreError::Label(LabelError::AccessDenied) => Error::AccessDenied,
            StoreError::Label(LabelError::Missing) => Error::NoSuchStore,
            StoreError::TableFull => Error::Other("store table full".to_owned()),
            StoreError::Other(text) => Error::Other(text),
            StoreError::Trap(error) => return Err(error.into()),
        })
    }
}

impl HostBucket for PlatformState {
    fn get(&mut self, handle: Resource<Store>, key: String) -> Result<Option<Vec<u8>>, StoreError> {
        HostStore::get(self, handle, key)
    }

    async fn set(
        &mut self,
        handle: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), StoreError> {
        HostStore::set(self, handle, key, value).await
    }

    async fn delete(&mut self, handle: Resource<Store>, key: String) -> Result<(), StoreError> {
        HostStore::delete(self, handle, key).await
    }

    fn exists(&mut self, handle: Resource<Store>, key: String) -> Result<bool, StoreError> {
        HostStore::exists(self, handle, key)
    }

    fn list_keys(
        &mut self,
        handle: Resource<Store>,
        cursor: Option<String>,
    ) -> Result<KeyResponse, StoreError> {
        if cursor.is_some() {
            let text = "list_keys: cursor not supported".to_owned();
            return Err(StoreError::Other(text));
        }
        let keys = HostStore::get_keys(self, handle)?;
        Ok(KeyResponse { keys, cursor: None })
    }

    fn drop(&mut self, handle: Resource<Store>) -> wasmtime::Result<()> {
        HostStore::drop(self, handle)
    }
}
