//! The layers of the library: which may import which, and which crates they may name.

use crate::arrows::{arrows, describe};
use crate::modules::{File, Module, Program};

/// Each module at the root of the library, and the others that it may import. Arrows point inward:
/// nothing imports `component`.
const LAYERS: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("store", &["domain"]),
    ("wire", &["domain"]),
    ("settings", &["domain"]),
    ("counters", &[]),
    ("api", &["domain", "store", "wire", "settings", "counters"]),
    ("addresses", &["domain", "api"]),
    (
        "dashboard",
        &[
            "domain",
            "store",
            "wire",
            "settings",
            "counters",
            "api",
            "addresses",
        ],
    ),
    ("dispatch", &["api", "addresses", "dashboard"]),
    (
        "component",
        &[
            "domain",
            "store",
            "wire",
            "settings",
            "counters",
            "api",
            "addresses",
            "dispatch",
        ],
    ),
];

/// Crates that only some layers may name.
const CRATES: [(&str, &[&str]); 6] = [
    (
        "http",
        &["api", "addresses", "dashboard", "dispatch", "component"],
    ),
    ("serde", &["wire", "api", "dashboard"]),
    ("serde_json", &["store", "wire", "api", "dashboard"]),
    ("rusqlite", &["store"]),
    ("spin_sdk", &["store", "component"]),
    ("wit_bindgen", &["component"]),
];

/// Every line of the library that the layers do not allow.
pub fn violations(library: &Program) -> Vec<String> {
    let arrows = arrows(library).into_iter();
    let outward = arrows.filter(|arrow| !may_import(&arrow.from, &arrow.to));
    let outward = outward.map(|arrow| arrow.line);
    let files = || library.files.iter();
    let crates = files().flat_map(|(module, file)| foreign(library, module, file));
    let unknown =
        files().filter(|(module, _)| layer(module).is_some_and(|name| imports(name).is_none()));
    let unknown = unknown.map(|(_, file)| format!("{} is in no layer", file.name));
    outward.chain(crates).chain(unknown).collect()
}

fn layer(module: &Module) -> Option<&str> {
    module.first().map(String::as_str)
}

fn imports(layer: &str) -> Option<&'static [&'static str]> {
    let mut layers = LAYERS.iter();
    layers.find_map(|(name, imports)| (*name == layer).then_some(*imports))
}

/// The root may name every layer, and no layer the root.
fn may_import(from: &Module, to: &Module) -> bool {
    let Some(from) = layer(from) else { return true };
    let allowed = imports(from).unwrap_or_default();
    layer(to).is_some_and(|to| to == from || allowed.contains(&to))
}

/// Lines that name a crate which their layer may not.
fn foreign(library: &Program, module: &Module, file: &File) -> Vec<String> {
    let Some(layer) = layer(module) else {
        return Vec::new();
    };
    let is_foreign = |name: &str| {
        CRATES
            .iter()
            .any(|(of, may)| *of == name && !may.contains(&layer))
    };
    let paths = file.paths.iter().filter(|path| {
        is_foreign(&path.segments[0]) && library.resolve(module, &path.segments).is_none()
    });
    paths.map(|path| describe(file, path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a library with this one line in this file violates.
    fn with(name: &str, line: &str) -> Vec<String> {
        let sound = [
            (
                "src/lib.rs",
                "pub mod api; pub mod component; pub mod domain; pub mod store; pub mod wire;",
            ),
            ("src/domain/mod.rs", "mod path; pub use path::Path;"),
            ("src/domain/path.rs", "pub struct Path;"),
            (
                "src/store/mod.rs",
                "use crate::domain::Path; use serde_json::json;",
            ),
            (
                "src/wire/mod.rs",
                "use crate::domain::Path; use serde::Serialize;",
            ),
            (
                "src/api/mod.rs",
                "use crate::{domain::Path, store, wire::{self, Page}}; use http::Request;",
            ),
            (
                "src/component/mod.rs",
                "use crate::api; use spin_sdk::sqlite3;",
            ),
        ];
        let text = |(file, text): (&str, &str)| {
            let added = if file == name { line } else { "" };
            (file.to_owned(), format!("{text}\n{added}"))
        };
        violations(&Program::of("src", sound.map(text)))
    }

    #[test]
    fn a_sound_library_violates_nothing() {
        assert_eq!(with("src/lib.rs", ""), Vec::<String>::new());
    }

    #[test]
    fn every_arrow_back_up_is_named() {
        for (file, line) in [
            ("src/domain/path.rs", "use crate::store::Store;"),
            ("src/domain/path.rs", "use crate::wire::Page;"),
            ("src/domain/path.rs", "use crate::api::Error;"),
            ("src/domain/path.rs", "use super::super::api::Error;"),
            ("src/domain/mod.rs", "pub use crate::wire::Page;"),
            ("src/store/mod.rs", "use crate::wire::Page;"),
            ("src/store/mod.rs", "use crate::api;"),
            ("src/wire/mod.rs", "use crate::store::Store;"),
            ("src/wire/mod.rs", "use crate::{api::Error};"),
            ("src/api/mod.rs", "use crate::component::Bindings;"),
            ("src/api/mod.rs", "use crate::something_of_the_root;"),
        ] {
            let path = line
                .trim_end_matches(';')
                .rsplit(' ')
                .next()
                .unwrap_or_default();
            let path = path.replace(['{', '}'], "");
            assert_eq!(with(file, line), [format!("{file}:2 use {path}")], "{line}");
        }
    }

    #[test]
    fn a_crate_that_a_layer_must_not_know_is_named() {
        for (file, path) in [
            ("src/domain/path.rs", "http::StatusCode"),
            ("src/domain/path.rs", "serde_json::Value"),
            ("src/domain/path.rs", "rusqlite::Row"),
            ("src/domain/path.rs", "spin_sdk::sqlite3"),
            ("src/store/mod.rs", "http::StatusCode"),
            ("src/store/mod.rs", "serde::Serialize"),
        ] {
            assert_eq!(
                with(file, &format!("use {path};")),
                [format!("{file}:2 use {path}")]
            );
            assert_eq!(
                with(file, &format!("fn f() -> {path} {{}}")),
                [format!("{file}:2 {path}")]
            );
        }
    }

    #[test]
    fn a_module_without_a_layer_is_named() {
        let files = [("src/lib.rs", "mod util;"), ("src/util.rs", "")];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert_eq!(violations(&Program::of("src", files)).len(), 1);
    }
}
