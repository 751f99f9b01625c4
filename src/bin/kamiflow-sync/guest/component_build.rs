//! Builds the component in a source checkout, so that one command starts the server from a fresh
//! clone.
//!
//! The command is the one in the manifest (`[component.<id>.build]`), as with `spin build`.

use std::fs::File;
use std::path::{Component as Part, Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

use crate::config::manifest::{Build, Manifest};
use crate::say::note;

/// The component's compilation target.
const TARGET: &str = "wasm32-wasip2";
/// Sources besides the globs of `watch`.
const CARGO_FILES: [&str; 2] = ["Cargo.toml", "Cargo.lock"];

/// Builds the component if `always`, or if it is missing or older than a source. Does nothing when
/// there are no sources, as in a release.
///
/// # Errors
///
/// When the build fails; its output is on stderr.
pub fn ensure_built(manifest: &Manifest, always: bool) -> Result<()> {
    let Some(build) = &manifest.component.build else {
        return Ok(());
    };
    let folder = manifest.folder().join(&build.workdir);
    if !folder.join("Cargo.toml").is_file() {
        return Ok(());
    }
    let component = manifest.source();
    if !always && is_current(&component, newest_source(&folder, build)?) {
        return Ok(());
    }
    add_target(&folder)?;
    run(build, &folder, &component)?;
    // Cargo does not write the component when nothing of its own has changed. The new modification
    // time tells the next start that it is current.
    File::options()
        .append(true)
        .open(&component)
        .and_then(|file| file.set_modified(SystemTime::now()))
        .with_context(|| format!("the build did not create {}", component.display()))
}

fn is_current(component: &Path, newest_source: Option<SystemTime>) -> bool {
    let built = component.metadata().and_then(|file| file.modified()).ok();
    built.is_some() && built >= newest_source
}

/// The modification time of the newest source.
fn newest_source(folder: &Path, build: &Build) -> Result<Option<SystemTime>> {
    let mut newest = None;
    let escaped = PathBuf::from(glob::Pattern::escape(&folder.to_string_lossy()));
    for pattern in build.watch.iter().map(String::as_str).chain(CARGO_FILES) {
        let pattern = escaped.join(pattern);
        for path in glob::glob(&pattern.to_string_lossy())?.flatten() {
            newest = newest.max(path.metadata().and_then(|file| file.modified()).ok());
        }
    }
    Ok(newest)
}

/// Installs the target if rustup is used and does not install it by itself
/// (`RUSTUP_AUTO_INSTALL=0`). Runs in `folder`, so that its `rust-toolchain.toml` applies.
fn add_target(folder: &Path) -> Result<()> {
    let rustup = |arguments: &[&str]| {
        let mut command = Command::new("rustup");
        command
            .args(arguments)
            .current_dir(folder)
            .stderr(Stdio::inherit());
        command
    };
    let Ok(listed) = rustup(&["target", "list", "--installed"]).output() else {
        return Ok(());
    };
    let installed = String::from_utf8_lossy(&listed.stdout);
    if !listed.status.success() || installed.lines().any(|line| line == TARGET) {
        return Ok(());
    }
    let added = rustup(&["target", "add", TARGET]).status()?;
    ensure!(added.success(), "cannot install the Rust target {TARGET}");
    Ok(())
}

fn run(build: &Build, folder: &Path, component: &Path) -> Result<()> {
    note!(
        "kamiflow-sync: building the component, which takes a minute or two the first time: {}",
        build.command
    );
    let mut command = Command::new("sh");
    command.arg("-c").arg(&build.command).current_dir(folder);
    // Flags for this machine's processor do not fit the component, and would replace those in
    // .cargo/config.toml.
    for flags in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
        command.env_remove(flags);
    }
    if let Some(target_folder) = target_folder(component) {
        command.env("CARGO_TARGET_DIR", target_folder);
    }
    let status = command.stdout(Stdio::from(std::io::stderr())).status()?;
    ensure!(
        status.success(),
        "the build of the component failed: {}",
        build.command
    );
    Ok(())
}

/// The target folder with which cargo puts the component where the manifest expects it, whatever
/// the environment says.
fn target_folder(component: &Path) -> Option<PathBuf> {
    let parts: Vec<_> = component.components().collect();
    let at = parts
        .iter()
        .position(|part| *part == Part::Normal(TARGET.as_ref()))?;
    Some(parts[..at].iter().collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn build(watch: &str) -> Build {
        let (command, workdir) = (String::new(), PathBuf::new());
        Build {
            command,
            workdir,
            watch: vec![watch.to_owned()],
        }
    }

    #[test]
    fn a_missing_component_is_not_current() {
        assert!(!is_current(Path::new("/nowhere/app.wasm"), None));
    }

    #[test]
    fn a_component_older_than_a_watched_source_is_not_current() {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("app.wasm");
        std::fs::write(&component, "").unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        let source = File::create(folder.path().join("src/lib.rs")).unwrap();
        let current = || {
            is_current(
                &component,
                newest_source(folder.path(), &build("src/**/*.rs")).unwrap(),
            )
        };
        source
            .set_modified(SystemTime::now() - Duration::from_secs(9))
            .unwrap();
        assert!(current());
        source
            .set_modified(SystemTime::now() + Duration::from_secs(9))
            .unwrap();
        assert!(!current());
    }

    #[test]
    fn the_target_folder_follows_from_the_source_in_the_manifest() {
        let component = Path::new("/app/target/wasm32-wasip2/release/app.wasm");
        assert_eq!(target_folder(component), Some("/app/target".into()));
        assert_eq!(target_folder(Path::new("/app/app.wasm")), None);
    }
}
