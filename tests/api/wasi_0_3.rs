//! The component on WASI 0.3: what it imports and exports differs from the other one
//! only in the HTTP interface and the timer. This needs a program with the feature:
//! `cargo test --features wasi-0-3 --test api wasi_0_3`. With `KAMIFLOW_MANIFEST=spin-wasi-0.3.toml` in front,
//! and without the name, all other tests of this suite are of this component too.

use std::collections::BTreeSet;

use wasmtime::component::Component;
use wasmtime::{Config, Engine};

use support::{Build, Host, KEY, build};

/// The interfaces that a component imports and exports.
fn interfaces(manifest: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let source = Build::with_manifest(&build(manifest)).component();
    let engine = Engine::new(Config::new().wasm_component_model_async(true)).unwrap();
    let component = Component::from_file(&engine, source).unwrap();
    let kind = component.component_type();
    let names = |(name, _): (&str, _)| name.to_owned();
    (
        kind.imports(&engine).map(names).collect(),
        kind.exports(&engine).map(names).collect(),
    )
}

#[test]
fn only_the_http_interface_and_the_timer_are_of_wasi_0_3() {
    let (imports, exports) = interfaces("spin.toml");
    let expected = [
        "kamiflow:sync/exchange@2.0.0",
        "wasi:http/incoming-handler@0.2.0",
    ];
    assert!(exports.iter().eq(expected));
    let (imports_0_3, exports_0_3) = interfaces("spin-wasi-0.3.toml");
    assert!(exports_0_3.iter().eq(["wasi:http/handler@0.3.0"]));
    let added: Vec<_> = imports_0_3.difference(&imports).collect();
    let expected = [
        "wasi:clocks/monotonic-clock@0.3.0",
        "wasi:clocks/types@0.3.0",
        "wasi:http/types@0.3.0",
    ];
    assert_eq!(added, expected);
}

#[test]
fn it_serves_many_clients() {
    let host = Host::of(&Build::with_manifest(&build("spin-wasi-0.3.toml")), &[]);
    let client = host.client();
    // Several reads of the body, and several writes of the answer.
    let long = "a line of a long note\n".repeat(200_000);
    client
        .push_files("p", &[("long.md", &long), ("short.md", "x")])
        .good();
    let answer = client.get("/v1/projects/p/files/long.md");
    assert_eq!(answer.bytes, long.as_bytes());
    assert_eq!(client.pull_all("p", 1).len(), 2);
    host.with_key(Some(&KEY[1..]))
        .get("/v1/projects/p/status")
        .failed(403, "forbidden");
    std::thread::scope(|threads| {
        for device in 0..16 {
            let client = host.client();
            threads.spawn(move || {
                for i in 0..10 {
                    client
                        .push_files("p", &[(&format!("{device}/{i}"), "y")])
                        .good();
                    client.status("p");
                }
            });
        }
    });
    assert_eq!(client.status("p")["fileCount"], 162);
}
