//! `spin.toml`: what the component is, what it may use, and how it is built.
//!
//! Manifest version 2, reduced to what this host supports: one component behind one HTTP trigger
//! that matches every path. Anything else is refused with a message.

mod component;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::config::toml_file;

pub use component::{Build, Component};

/// A manifest that this host can serve.
#[derive(Debug)]
pub struct Manifest {
    /// Absolute.
    pub path: PathBuf,
    /// The application's variables, by name.
    pub variables: BTreeMap<String, Variable>,
    pub component: Component,
}

/// One entry of `[variables]`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Variable {
    pub default: Option<String>,
    /// The program refuses to start when it has no value.
    #[serde(default)]
    pub required: bool,
    /// Its value is never shown.
    #[serde(default)]
    pub secret: bool,
}

#[derive(Deserialize)]
struct File {
    spin_manifest_version: toml::Value,
    #[serde(default)]
    variables: BTreeMap<String, Variable>,
    trigger: BTreeMap<String, Vec<Trigger>>,
    component: BTreeMap<String, Component>,
}

#[derive(Deserialize)]
struct Trigger {
    route: toml::Value,
    component: toml::Value,
}

impl Manifest {
    /// Reads `from` (a file, or a folder that has a `spin.toml`), else `spin.toml` in the current
    /// folder, else the one beside the program, where a release has it.
    ///
    /// # Errors
    ///
    /// When there is no manifest, or this host cannot serve it.
    pub fn find(from: Option<&Path>) -> Result<Self> {
        let path = match from {
            Some(folder) if folder.is_dir() => folder.join("spin.toml"),
            Some(file) => file.to_owned(),
            None => default_path()?,
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the manifest {}", path.display()))?;
        let path = std::path::absolute(&path)?;
        Self::parse(&text, path.clone()).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str, path: PathBuf) -> Result<Self> {
        let mut file: File = toml_file::parse(text)?;
        ensure!(
            file.spin_manifest_version.as_integer() == Some(2),
            "only spin_manifest_version = 2 is supported"
        );
        let component_id = sole_component(&file.trigger)?;
        let component = file
            .component
            .remove(&component_id)
            .with_context(|| format!("the trigger names a missing component {component_id:?}"))?;
        component.check(&component_id)?;
        Ok(Self {
            path,
            variables: file.variables,
            component,
        })
    }

    /// Relative paths of the manifest start here.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Where a build puts the component.
    pub fn source(&self) -> PathBuf {
        self.folder().join(self.component.source())
    }

    /// The component file to run: [`Self::source`], or, when that does not exist, a file of the
    /// same name beside the manifest, where a release has it.
    pub fn component_file(&self) -> PathBuf {
        let source = self.source();
        match source.file_name().map(|name| self.folder().join(name)) {
            Some(beside) if !source.exists() && beside.exists() => beside,
            _ => source,
        }
    }
}

fn default_path() -> Result<PathBuf> {
    let here = PathBuf::from("spin.toml");
    if here.is_file() {
        return Ok(here);
    }
    let beside = std::env::current_exe().map(|program| program.with_file_name("spin.toml"));
    match beside {
        Ok(beside) if beside.is_file() => Ok(beside),
        _ => bail!("no spin.toml here or beside the program; name one with --from"),
    }
}

fn sole_component(triggers: &BTreeMap<String, Vec<Trigger>>) -> Result<String> {
    let all: Vec<_> = triggers
        .iter()
        .flat_map(|(kind, of_kind)| of_kind.iter().map(move |t| (kind, t)))
        .collect();
    let [(kind, trigger)] = all.as_slice() else {
        bail!(
            "exactly one trigger is supported, the manifest has {}",
            all.len()
        );
    };
    ensure!(
        *kind == "http",
        "only an http trigger is supported, not {kind:?}"
    );
    ensure!(
        trigger.route.as_str() == Some("/..."),
        "only the route \"/...\" is supported, not {}",
        trigger.route
    );
    let id = trigger.component.as_str();
    Ok(id
        .context("the trigger's component must be an id")?
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "app"
        [variables]
        api_key = { required = true, secret = true }
        size = { default = "10" }
        [[trigger.http]]
        route = "/..."
        component = "app"
        [component.app]
        source = "target/app.wasm"
        sqlite_databases = ["default"]
        [component.app.variables]
        size = "{{ size }}"
    "#;

    fn refusal(text: &str) -> String {
        format!(
            "{:#}",
            Manifest::parse(text, "/app/spin.toml".into()).unwrap_err()
        )
    }

    #[test]
    fn grants_and_variables_come_from_the_manifest() {
        let manifest = Manifest::parse(GOOD, "/app/spin.toml".into()).unwrap();
        assert_eq!(manifest.component.sqlite_databases, ["default"]);
        assert!(manifest.variables["api_key"].required);
        assert_eq!(manifest.variables["size"].default.as_deref(), Some("10"));
        assert_eq!(manifest.source(), Path::new("/app/target/app.wasm"));
    }

    #[test]
    fn a_second_trigger_is_refused() {
        let two = format!("{GOOD}\n[[trigger.redis]]\nroute = \"x\"\ncomponent = \"app\"");
        assert!(refusal(&two).contains("exactly one trigger"));
    }

    #[test]
    fn a_route_that_does_not_match_every_path_is_refused() {
        assert!(refusal(&GOOD.replace("/...", "/api/...")).contains("/api/..."));
    }

    #[test]
    fn a_remote_source_is_refused() {
        let remote = GOOD.replace(
            "\"target/app.wasm\"",
            "{ url = \"https://x\", digest = \"y\" }",
        );
        assert!(refusal(&remote).contains("local file"));
    }

    #[test]
    fn an_unsupported_grant_is_refused() {
        let with =
            |line: &str| GOOD.replace("sqlite_databases", &format!("{line}\nsqlite_databases"));
        for (line, key) in [
            ("files = [\"assets/*\"]", "files"),
            ("environment = { A = \"1\" }", "environment"),
            (
                "allowed_outbound_hosts = [\"https://x\"]",
                "allowed_outbound_hosts",
            ),
        ] {
            assert!(refusal(&with(line)).contains(key));
        }
        for line in ["allowed_outbound_hosts = []", "description = \"x\""] {
            assert!(Manifest::parse(&with(line), "/app/spin.toml".into()).is_ok());
        }
    }

    #[test]
    fn a_component_beside_the_manifest_replaces_a_missing_build() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.wasm"), "").unwrap();
        let manifest = Manifest::parse(GOOD, folder.path().join("spin.toml")).unwrap();
        assert_eq!(manifest.component_file(), folder.path().join("app.wasm"));
    }
}
