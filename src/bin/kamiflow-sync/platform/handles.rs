//! What a guest has open, behind its handles.
//!
//! The type of a handle comes from the bindings. They cannot name what is behind it, since that uses
//! them itself. So these tables take any type of handle.

use std::any::Any;
use std::marker::PhantomData;

use wasmtime::component::{Resource, ResourceTable, ResourceTableError};

use super::limits::MAX_HANDLES;

/// Everything of one kind that a guest has open, at most [`MAX_HANDLES`].
pub struct Handles<T> {
    table: ResourceTable,
    kind: PhantomData<fn() -> T>,
}

impl<T: Send + 'static> Handles<T> {
    pub fn new() -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_HANDLES);
        Self {
            table,
            kind: PhantomData,
        }
    }

    /// Fails when the guest has too many open.
    pub fn push<H: 'static>(&mut self, value: T) -> Result<Resource<H>, ResourceTableError> {
        Ok(Resource::new_own(self.table.push(value)?.rep()))
    }

    /// Fails, as do the others, for a handle that the guest does not have.
    pub fn get<H: 'static>(&self, handle: &Resource<H>) -> Result<&T, ResourceTableError> {
        self.table.get(&behind(handle))
    }

    pub fn get_mut<H: 'static>(
        &mut self,
        handle: &Resource<H>,
    ) -> Result<&mut T, ResourceTableError> {
        self.table.get_mut(&behind(handle))
    }

    pub fn delete<H: 'static>(&mut self, handle: &Resource<H>) -> Result<T, ResourceTableError> {
        self.table.delete(behind(handle))
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.table
            .iter_mut()
            .filter_map(<dyn Any + Send>::downcast_mut)
    }
}

fn behind<H: 'static, T: 'static>(handle: &Resource<H>) -> Resource<T> {
    Resource::new_own(handle.rep())
}
