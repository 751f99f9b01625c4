//! The interfaces as Rust traits, generated from `wit/`.

wasmtime::component::bindgen!({
    path: "wit",
    world: "platform",
    imports: {
        // These may wait for the write lock.
        "spin:sqlite/sqlite@3.0.0.[method]connection.execute": async | trappable,
        "fermyon:spin/key-value@2.0.0.[static]store.open": async | trappable,
        "fermyon:spin/key-value@2.0.0.[method]store.set": async | trappable,
        "fermyon:spin/key-value@2.0.0.[method]store.delete": async | trappable,
        "wasi:keyvalue/store@0.2.0-draft2.open": async | trappable,
        "wasi:keyvalue/store@0.2.0-draft2.[method]bucket.set": async | trappable,
        "wasi:keyvalue/store@0.2.0-draft2.[method]bucket.delete": async | trappable,
        "wasi:keyvalue/atomics@0.2.0-draft2.increment": async | trappable,
        "wasi:keyvalue/atomics@0.2.0-draft2.swap": async | trappable,
        // Has no handle, and so nothing to trap for.
        "fermyon:spin/variables@2.0.0.get": exact,
        default: trappable,
    },
    trappable_error_type: {
        "spin:sqlite/sqlite.error" => crate::platform::sqlite::SqliteError,
        "fermyon:spin/key-value.error" => crate::platform::key_value::StoreError,
        "wasi:keyvalue/store.error" => crate::platform::key_value::StoreError,
        "wasi:keyvalue/atomics.cas-error" => crate::platform::atomics::SwapError,
    },
    with: {
        "spin:sqlite/sqlite.connection": crate::platform::connection::GuestConnection,
        "fermyon:spin/key-value.store": crate::platform::stores::KeyValueStore,
        "wasi:keyvalue/store.bucket": crate::platform::stores::KeyValueStore,
        "wasi:keyvalue/atomics.cas": crate::platform::stores::CompareAndSwap,
    },
    require_store_data_send: true,
});
