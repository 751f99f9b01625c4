//! Spin's interfaces: what Spin gives a component besides WASI, implemented the same way here (the
//! world `platform` of `wit/world.wit`).
//!
//! Each interface is one file (`sqlite`, `key_value`, `wasi_key_value`, `atomics`, `variables`). The
//! rest can be tested without a guest: connections with the write lock and group commit, and the
//! key-value stores. Nothing here knows HTTP or where data is configured, and no other top-level module but
//! `database` is imported.

mod atomics;
mod bindings;
mod connection;
mod deadline;
mod free_pages;
mod group_commit;
mod guest_database;
mod handles;
mod instance_memory;
mod key_value;
mod labels;
mod limits;
mod log_id;
mod log_watch;
mod long_read;
pub mod memory_pool;
mod opened_files;
mod query;
mod shared;
mod sqlite;
mod state;
mod store_error;
mod stores;
#[cfg(test)]
mod test_support;
mod turns;
mod values;
mod variables;
mod wasi_key_value;
mod write_lock;

use wasmtime::component::{HasSelf, Linker};

pub use instance_memory::{MemoryInUse, UNCOUNTED};
pub use shared::{CONNECTIONS_ARE_HELD, Grants, Shared};
pub use state::PlatformState;
#[cfg(feature = "wasi-0-3")]
pub use turns::Turn;
pub use values::Variables;

/// Links every interface of the world `platform`.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    platform: fn(&mut T) -> &mut PlatformState,
) -> wasmtime::Result<()> {
    bindings::Platform::add_to_linker::<T, HasSelf<PlatformState>>(linker, platform)
}
