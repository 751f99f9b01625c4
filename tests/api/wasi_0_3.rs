//! The component on WASI 0.3, which this host does not run: that its manifest grants what the other
//! one does, and that what it builds is the same component with another door.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use toml::{Table, Value};
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const MANIFEST: &str = include_str!("../../spin.toml");
const MANIFEST_0_3: &str = include_str!("../../spin-wasi-0.3.toml");

fn component(manifest: &mut Table) -> &mut Table {
    let component = manifest["component"]["kamiflow-sync"].as_table_mut();
    component.expect("the manifest has the component")
}

fn text(value: Option<Value>) -> String {
    value.unwrap().as_str().unwrap().to_owned()
}

/// Builds as the manifest says and answers the path of what came out.
fn build(manifest: &str) -> String {
    let mut manifest: Table = manifest.parse().unwrap();
    let component = component(&mut manifest);
    let command = text(component["build"].get("command").cloned());
    let built = Command::new("sh")
        .args(["-c", &command])
        .current_dir(ROOT)
        .env_remove("CARGO_TARGET_DIR")
        .status();
    assert!(built.unwrap().success(), "{command}");
    text(component.remove("source"))
}

/// The interfaces that a component imports and exports.
fn interfaces(source: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let engine = Engine::new(Config::new().wasm_component_model_async(true)).unwrap();
    let component = Component::from_file(&engine, Path::new(ROOT).join(source)).unwrap();
    let kind = component.component_type();
    let names = |(name, _): (&str, _)| name.to_owned();
    (
        kind.imports(&engine).map(names).collect(),
        kind.exports(&engine).map(names).collect(),
    )
}

#[test]
fn the_manifests_differ_in_the_build_only() {
    let stripped = |manifest: &str| {
        let mut manifest: Table = manifest.parse().unwrap();
        let component = component(&mut manifest);
        component.remove("source");
        component["build"].as_table_mut().unwrap().remove("command");
        manifest
    };
    assert_eq!(stripped(MANIFEST_0_3), stripped(MANIFEST));
}

#[test]
fn only_the_http_interface_is_of_wasi_0_3() {
    let (imports, exports) = interfaces(&build(MANIFEST));
    assert!(exports.iter().eq(["wasi:http/incoming-handler@0.2.0"]));
    let (imports_0_3, exports_0_3) = interfaces(&build(MANIFEST_0_3));
    assert!(exports_0_3.iter().eq(["wasi:http/handler@0.3.0"]));
    let added: Vec<_> = imports_0_3.difference(&imports).collect();
    assert_eq!(added, ["wasi:http/types@0.3.0"]);
}
