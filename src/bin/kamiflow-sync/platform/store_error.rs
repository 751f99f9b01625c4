//! Why an operation on a key-value store failed, before an interface says it in its own words.

use wasmtime::component::ResourceTableError;

use super::labels::LabelError;

/// Why an operation of either key-value interface failed.
#[derive(Debug)]
pub enum StoreError {
    Label(LabelError),
    /// Too many stores are open.
    TableFull,
    /// With Spin's text.
    Other(String),
    /// The guest has no such handle.
    Trap(ResourceTableError),
}

impl From<LabelError> for StoreError {
    fn from(error: LabelError) -> Self {
        Self::Label(error)
    }
}

impl From<String> for StoreError {
    fn from(text: String) -> Self {
        Self::Other(text)
    }
}

impl From<ResourceTableError> for StoreError {
    fn from(error: ResourceTableError) -> Self {
        Self::Trap(error)
    }
}
