//! `wasi:keyvalue/store@0.2.0-draft2` over the same stores as [`super::key_value`], as Spin
//! answers it (`crates/factor-key-value/src/host.rs`).

use wasmtime::component::Resource;

use super::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use super::stores::Store;
use super::{Platform, Refused};

impl Host for Platform {
    async fn open(&mut self, label: String) -> wasmtime::Result<Result<Resource<Store>, Error>> {
        let place = match self.shared.stores.get(&label) {
            Ok(place) => place.clone(),
            Err(Refused::Denied) => return Ok(Err(Error::AccessDenied)),
            Err(Refused::Missing) => return Ok(Err(Error::NoSuchStore)),
        };
        let full = |_| Error::Other("store table full".to_owned());
        Ok(match Store::open(label, place).await {
            Ok(store) => self.open_stores.push(store).map_err(full),
            Err(text) => Err(Error::Other(text)),
        })
    }
}

impl HostBucket for Platform {
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

    fn list_keys(
        &mut self,
        handle: Resource<Store>,
        cursor: Option<String>,
    ) -> wasmtime::Result<Result<KeyResponse, Error>> {
        if cursor.is_some() {
            let text = "list_keys: cursor not supported".to_owned();
            return Ok(Err(Error::Other(text)));
        }
        let keys = self.open_stores.get(&handle)?.keys();
        let response = keys.map(|keys| KeyResponse { keys, cursor: None });
        Ok(response.map_err(Error::Other))
    }

    fn drop(&mut self, handle: Resource<Store>) -> wasmtime::Result<()> {
        self.open_stores.delete(handle)?;
        Ok(())
    }
}
