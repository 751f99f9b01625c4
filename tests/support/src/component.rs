//! Builds the component that the test servers serve.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::root;

/// The manifest of the test servers, built once per process.
static MANIFEST: LazyLock<PathBuf> = LazyLock::new(|| build(&manifest()));

/// Name of the manifest under test: `spin.toml`, or the one that `KAMIFLOW_MANIFEST` names.
pub fn manifest() -> String {
    std::env::var("KAMIFLOW_MANIFEST").unwrap_or_else(|_| "spin.toml".to_owned())
}

/// The manifest under test, with its component built.
pub(crate) fn under_test() -> &'static Path {
    &MANIFEST
}

/// Builds the component of a manifest in the root of the repository. Returns the path of the
/// manifest.
pub fn build(manifest: &str) -> PathBuf {
    let manifest = root().join(manifest);
    let text = std::fs::read_to_string(&manifest).expect("a manifest");
    let table: toml::Table = text.parse().expect("TOML");
    let command = table["component"]["kamiflow-sync"]["build"]["command"].as_str();
    let status = Command::new("sh")
        .args(["-c", command.expect("a build command")])
        .current_dir(root())
        // The manifest says where the component is found after the build.
        .env_remove("CARGO_TARGET_DIR")
        .status();
    assert!(
        status.expect("a shell").success(),
        "the component does not build"
    );
    manifest
}
