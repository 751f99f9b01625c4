//! Bindings of the world `entry` in `wit/world.wit`: what the Spin SDK does not give well.

wit_bindgen::generate!({
    path: "wit",
    world: "entry",
    generate_all,
    pub_export_macro: true,
});
