//! Bindings of a world `entry` in `wit/`: what the Spin SDK does not give well.

#[cfg(not(feature = "wasi-0-3"))]
spin_sdk::wit_bindgen::generate!({
    path: "wit",
    world: "entry",
    runtime_path: "::spin_sdk::wit_bindgen::rt",
    generate_all,
    pub_export_macro: true,
});

#[cfg(feature = "wasi-0-3")]
wit_bindgen::generate!({
    path: ["wit", "wit/wasi-0.3"],
    world: "kamiflow:sync-wasi/entry",
    generate_all,
    pub_export_macro: true,
});
