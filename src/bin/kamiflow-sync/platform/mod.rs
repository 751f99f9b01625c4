//! What Spin gives a component besides WASI, given the same way by this host: the world
//! `platform` of `wit/world.wit`. One interface, one file; beneath them stand [`connection`],
//! [`stores`], [`group_commit`] and [`write_lock`], which need no guest to be tried out.

mod atomics;
pub mod connection;
pub mod group_commit;
mod key_value;
mod query;
mod sqlite;
pub mod stores;
mod variables;
mod wasi_key_value;
pub mod write_lock;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker, ResourceTable};

use connection::Database;
use stores::Place;

/// Generated from `wit/`: the interfaces as Rust traits.
mod bindings {
    wasmtime::component::bindgen!({
        path: "wit",
        world: "platform",
        imports: {
            // Those that may wait for their turn to write.
            "spin:sqlite/sqlite@3.0.0.[method]connection.execute": async | trappable,
            "fermyon:spin/key-value@2.0.0.[static]store.open": async | trappable,
            "fermyon:spin/key-value@2.0.0.[method]store.set": async | trappable,
            "fermyon:spin/key-value@2.0.0.[method]store.delete": async | trappable,
            "wasi:keyvalue/store@0.2.0-draft2.open": async | trappable,
            "wasi:keyvalue/store@0.2.0-draft2.[method]bucket.set": async | trappable,
            "wasi:keyvalue/store@0.2.0-draft2.[method]bucket.delete": async | trappable,
            "wasi:keyvalue/atomics@0.2.0-draft2.increment": async | trappable,
            "wasi:keyvalue/atomics@0.2.0-draft2.swap": async | trappable,
            default: trappable,
        },
        with: {
            "spin:sqlite/sqlite.connection": crate::platform::connection::Connection,
            "fermyon:spin/key-value.store": crate::platform::stores::Store,
            "wasi:keyvalue/store.bucket": crate::platform::stores::Store,
            "wasi:keyvalue/atomics.cas": crate::platform::stores::Swap,
        },
        require_store_data_send: true,
    });
}

/// Handles of one kind that an instance may have open at once, as on Spin
/// (`crates/factor-sqlite/src/host.rs`, `crates/factor-key-value/src/host.rs`).
const MAX_HANDLES: usize = 256;
/// Bytes of a result that the host hands to a guest at most, as on Spin
/// (`MAX_HOST_BUFFERED_BYTES`, `crates/world/src/lib.rs`).
const MAX_RESULT_BYTES: usize = 128 << 20;

/// The things behind the labels of `spin.toml`.
#[derive(Debug)]
pub struct Labelled<T> {
    /// What the manifest grants.
    pub granted: HashSet<String>,
    /// What the runtime config places somewhere.
    pub places: HashMap<String, Arc<T>>,
}

/// Why a label opens nothing.
#[derive(Debug, PartialEq)]
enum Refused {
    /// The manifest does not grant it, whether it exists or not.
    Denied,
    /// It is granted and nowhere.
    Missing,
}

impl<T> Labelled<T> {
    /// Looks at the grant first, so that a guest cannot find out what exists.
    fn get(&self, label: &str) -> Result<&Arc<T>, Refused> {
        if !self.granted.contains(label) {
            return Err(Refused::Denied);
        }
        self.places.get(label).ok_or(Refused::Missing)
    }
}

/// What every instance of the component shares.
#[derive(Debug)]
pub struct Shared {
    /// Databases by label.
    pub databases: Labelled<Database>,
    /// Key-value stores by label.
    pub stores: Labelled<Place>,
    /// The component's variables.
    pub variables: HashMap<String, String>,
}

/// The part of one instance's state that the interfaces work on.
pub struct Platform {
    shared: Arc<Shared>,
    connections: ResourceTable,
    open_stores: ResourceTable,
    swaps: ResourceTable,
}

impl Platform {
    /// A state with nothing open.
    pub fn new(shared: Arc<Shared>) -> Self {
        let [connections, open_stores, swaps] = std::array::from_fn(|_| {
            let mut handles = ResourceTable::new();
            handles.set_max_capacity(MAX_HANDLES);
            handles
        });
        Self {
            shared,
            connections,
            open_stores,
            swaps,
        }
    }
}

/// Gives the linker every interface of the world `platform`.
pub fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    platform: fn(&mut T) -> &mut Platform,
) -> wasmtime::Result<()> {
    bindings::Platform::add_to_linker::<T, HasSelf<Platform>>(linker, platform)
}

#[cfg(test)]
mod testing {
    use super::*;

    fn labelled<T: Default>() -> Labelled<T> {
        let places = ["default", "exists"].map(|label| (label.to_owned(), Arc::default()));
        let granted = ["default", "granted"].map(str::to_owned);
        Labelled {
            granted: granted.into(),
            places: places.into(),
        }
    }

    /// `default` works, `granted` is nowhere, `exists` is not granted; all in memory.
    pub fn platform() -> Platform {
        Platform::new(Arc::new(Shared {
            databases: labelled(),
            stores: labelled(),
            variables: [("size".to_owned(), "10".to_owned())].into(),
        }))
    }
}
