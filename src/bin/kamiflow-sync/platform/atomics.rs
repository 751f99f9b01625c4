//! `wasi:keyvalue/atomics@0.2.0-draft2`, as Spin answers it
//! (`crates/factor-key-value/src/host.rs`).

use wasmtime::component::Resource;

use super::Platform;
use super::bindings::wasi::keyvalue::atomics::{CasError, Error, Host, HostCas};
use super::stores::{Store, Swap};

impl Host for Platform {
    async fn increment(
        &mut self,
        handle: Resource<Store>,
        key: String,
        delta: i64,
    ) -> wasmtime::Result<Result<i64, Error>> {
        let store = self.open_stores.get(&handle)?;
        Ok(store.increment(&key, delta).await.map_err(Error::Other))
    }

    async fn swap(
        &mut self,
        handle: Resource<Swap>,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), CasError>> {
        let mut swap = self.swaps.delete(handle)?;
        let failed = |text| CasError::StoreError(Error::Other(text));
        Ok(match swap.swap(&value).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(match swap.current() {
                Ok(_) => CasError::CasFailed(self.swaps.push(swap)?),
                Err(text) => failed(text),
            }),
            Err(text) => Err(failed(text)),
        })
    }
}

impl HostCas for Platform {
    fn new(
        &mut self,
        bucket: Resource<Store>,
        key: String,
    ) -> wasmtime::Result<Result<Resource<Swap>, Error>> {
        let store = self.open_stores.get(&bucket)?.clone();
        let full = |_| Error::Other("too many compare_and_swaps opened".to_owned());
        Ok(self.swaps.push(Swap::new(store, key)).map_err(full))
    }

    fn current(
        &mut self,
        handle: Resource<Swap>,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        Ok(self.swaps.get_mut(&handle)?.current().map_err(Error::Other))
    }

    fn drop(&mut self, handle: Resource<Swap>) -> wasmtime::Result<()> {
        self.swaps.delete(handle)?;
        Ok(())
    }
}
