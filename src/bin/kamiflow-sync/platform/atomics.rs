//! `wasi:keyvalue/atomics@0.2.0-draft2`, as Spin implements it
//! (`crates/factor-key-value/src/host.rs`).

use wasmtime::component::Resource;

use super::bindings::fermyon::spin::key_value::Store;
use super::bindings::wasi::keyvalue::atomics::{Cas, CasError, Host, HostCas};
use super::bindings::wasi::keyvalue::store;
use super::state::PlatformState;
use super::store_error::StoreError;
use super::stores::CompareAndSwap;

impl Host for PlatformState {
    async fn increment(
        &mut self,
        handle: Resource<Store>,
        key: String,
        delta: i64,
    ) -> Result<i64, StoreError> {
        Ok(self.stores.get(&handle)?.increment(&key, delta).await?)
    }

    async fn swap(
        &mut self,
        handle: Resource<Cas>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), CasError>> {
        let mut swap = self.swaps.delete(&handle)?;
        Ok(match swap.swap(&value).await {
            Ok(true) => Ok(()),
            // The guest may try again with this handle.
            Ok(false) => Err(CasError::CasFailed(self.swaps.push(swap)?)),
            Err(text) => Err(CasError::StoreError(store::Error::Other(text))),
        })
    }
}

impl HostCas for PlatformState {
    fn new(&mut self, handle: Resource<Store>, key: String) -> Result<Resource<Cas>, StoreError> {
        let store = self.stores.get(&handle)?.clone();
        let full = |_| StoreError::Other("too many compare_and_swaps opened".to_owned());
        self.swaps
            .push(CompareAndSwap::new(store, key))
            .map_err(full)
    }

    fn current(&mut self, handle: Resource<Cas>) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.swaps.get_mut(&handle)?.current()?)
    }

    fn drop(&mut self, handle: Resource<Cas>) -> wasmtime::Result<()> {
        self.swaps.delete(&handle)?;
        Ok(())
    }
}
