//! `wasi:keyvalue/atomics@0.2.0-draft2`, as Spin implements it
//! (`crates/factor-key-value/src/host.rs`).

use wasmtime::component::{Resource, ResourceTableError};

use super::bindings::wasi::keyvalue::atomics::{CasError, Host, HostCas};
use super::bindings::wasi::keyvalue::store;
use super::key_value::StoreError;
use super::state::PlatformState;
use super::stores::{CompareAndSwap, KeyValueStore};

/// Why a compare-and-swap failed.
#[derive(Debug)]
pub enum SwapError {
    Store(StoreError),
    /// The value has changed. The guest may try again with this handle.
    Changed(Resource<CompareAndSwap>),
}

impl Host for PlatformState {
    async fn increment(
        &mut self,
        handle: Resource<KeyValueStore>,
        key: String,
        delta: i64,
    ) -> Result<i64, StoreError> {
        Ok(self.stores.get(&handle)?.increment(&key, delta).await?)
    }

    async fn swap(
        &mut self,
        handle: Resource<CompareAndSwap>,
        value: Vec<u8>,
    ) -> Result<(), SwapError> {
        let mut swap = self.swaps.delete(handle)?;
        if swap.swap(&value).await? {
            return Ok(());
        }
        // A retry must depend on the value that is stored now.
        swap.current()?;
        Err(SwapError::Changed(self.swaps.push(swap)?))
    }

    fn convert_cas_error(&mut self, error: SwapError) -> wasmtime::Result<CasError> {
        Ok(match error {
            SwapError::Store(error) => {
                CasError::StoreError(store::Host::convert_error(self, error)?)
            }
            SwapError::Changed(retry) => CasError::CasFailed(retry),
        })
    }
}

impl HostCas for PlatformState {
    fn new(
        &mut self,
        handle: Resource<KeyValueStore>,
        key: String,
    ) -> Result<Resource<CompareAndSwap>, StoreError> {
        let store = self.stores.get(&handle)?.clone();
        let full = |_| StoreError::Other("too many compare_and_swaps opened".to_owned());
        self.swaps
            .push(CompareAndSwap::new(store, key))
            .map_err(full)
    }

    fn current(&mut self, handle: Resource<CompareAndSwap>) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.swaps.get_mut(&handle)?.current()?)
    }

    fn drop(&mut self, handle: Resource<CompareAndSwap>) -> wasmtime::Result<()> {
        self.swaps.delete(handle)?;
        Ok(())
    }
}

impl From<ResourceTableError> for SwapError {
    fn from(error: ResourceTableError) -> Self {
        Self::Store(error.into())
    }
}

impl From<String> for SwapError {
    fn from(text: String) -> Self {
        Self::Store(text.into())
    }
}
