//! Key-value stores, as both of Spin's interfaces use them: a store is a label and the backend that
//! holds its values. Nothing here knows a guest's handles.

mod compare_and_swap;
mod counter;
mod file;
mod key_value_store;
mod memory;

pub use compare_and_swap::CompareAndSwap;
pub use file::FileBackend;
pub use key_value_store::{Backend, KeyValueStore};
