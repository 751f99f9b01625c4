//! Bindings of a world `entry` in `wit/world.wit`: what the Spin SDK does not give well.

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
    path: "wit",
    world: "entry-wasi-0-3",
    generate_all,
    pub_export_macro: true,
});
