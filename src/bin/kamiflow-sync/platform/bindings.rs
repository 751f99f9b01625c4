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
        "fermyon:spin/key-value.error" => crate::platform::store_error::StoreError,
        "wasi:keyvalue/store.error" => crate::platform::store_error::StoreError,
    },
    with: {
        // The stores of either interface are the same ones.
        "wasi:keyvalue/store.bucket": crate::platform::bindings::fermyon::spin::key_value::Store,
    },
    require_store_data_send: true,
});
