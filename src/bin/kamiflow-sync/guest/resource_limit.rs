//! Asks the platform whether an instance may have more memory.

use std::pin::Pin;

use wasmtime::ResourceLimiterAsync;

use super::state::GuestState;

/// Elements of a WebAssembly table; components have a few hundred.
const MAX_TABLE_ELEMENTS: usize = 100_000;

/// As `async_trait` writes the functions of [`ResourceLimiterAsync`].
type Allowed<'f> = Pin<Box<dyn Future<Output = wasmtime::Result<bool>> + Send + 'f>>;

impl ResourceLimiterAsync for GuestState {
    fn memory_growing<'a, 'f>(
        &'a mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Allowed<'f>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move { Ok(self.platform.grow_memory(current, desired).await) })
    }

    fn table_growing<'a, 'f>(
        &'a mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Allowed<'f>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(async move { Ok(desired <= MAX_TABLE_ELEMENTS) })
    }
}
