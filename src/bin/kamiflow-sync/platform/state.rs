//! The state of one instance: the handles that its guest has open.

use std::sync::Arc;

use wasmtime::component::ResourceTable;

use super::limits::MAX_HANDLES;
use super::shared::Shared;

pub struct PlatformState {
    pub(super) shared: Arc<Shared>,
    pub(super) connections: ResourceTable,
    pub(super) stores: ResourceTable,
    pub(super) swaps: ResourceTable,
}

impl PlatformState {
    pub fn new(shared: Arc<Shared>) -> Self {
        let [connections, stores, swaps] = std::array::from_fn(|_| {
            let mut handles = ResourceTable::new();
            handles.set_max_capacity(MAX_HANDLES);
            handles
        });
        Self {
            shared,
            connections,
            stores,
            swaps,
        }
    }
}
