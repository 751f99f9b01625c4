//! Reads `spin.toml`: what the component is, what it may reach, how it is built.
//!
//! Manifest version 2, reduced to what this host serves: one component behind one HTTP
//! trigger that takes every path. Anything else is refused in words instead of half-run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// A manifest that this host can serve.
#[derive(Debug)]
pub struct Manifest {
    /// Absolute path of the file.
    pub path: PathBuf,
    /// The application's variables, by name.
    pub variables: BTreeMap<String, Variable>,
    /// The one component.
    pub component: Component,
}

/// One entry of `[variables]`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Variable {
    /// The value when nothing else gives one.
    pub default: Option<String>,
    /// Whether the program refuses to start without a value.
    #[serde(default)]
    pub required: bool,
    /// Whether its value is never shown.
    #[serde(default)]
    pub secret: bool,
}

/// One `[component.<id>]`.
#[derive(Debug, Deserialize)]
pub struct Component {
    source: toml::Value,
    /// Labels of the databases that the component may open.
    #[serde(default)]
    pub sqlite_databases: Vec<String>,
    /// Labels of the key-value stores that the component may open.
    #[serde(default)]
    pub key_value_stores: Vec<String>,
    /// The component's variables: templates over the application's.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// How the component is built, if it is built here.
    pub build: Option<Build>,
    #[serde(flatten)]
    other: toml::Table,
}

/// Keys of a component that grant it nothing.
const GRANTLESS: [&str; 4] = ["description", "exclude_files", "targets", "tool"];

/// One `[component.<id>.build]`.
#[derive(Debug, Deserialize)]
pub struct Build {
    /// A shell command.
    pub command: String,
    /// Where the command runs, from the manifest's folder.
    #[serde(default)]
    pub workdir: PathBuf,
    /// Globs of the sources, from `workdir`.
    #[serde(default)]
    pub watch: Vec<String>,
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
    /// Finds and reads the manifest: `from` (a file, or a folder with a `spin.toml`), else
    /// `spin.toml` here, else the one beside the program (the layout of a release).
    ///
    /// # Errors
    ///
    /// When there is none, or it is not one that this host can serve.
    pub fn find(from: Option<&Path>) -> Result<Self> {
        let path = match from {
            Some(folder) if folder.is_dir() => folder.join("spin.toml"),
            Some(file) => file.to_owned(),
            None => find_default()?,
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read the manifest {}", path.display()))?;
        let path = std::path::absolute(&path)?;
        Self::parse(&text, path.clone()).with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str, path: PathBuf) -> Result<Self> {
        let mut file: File = toml::from_str(text)?;
        ensure!(
            file.spin_manifest_version.as_integer() == Some(2),
            "only spin_manifest_version = 2 is supported"
        );
        let component_id = sole_component(&file.trigger)?;
        let component = file
            .component
            .remove(&component_id)
            .with_context(|| format!("the trigger names a missing component {component_id:?}"))?;
        ensure!(
            component.source.is_str(),
            "the source of component {component_id:?} must be a local file"
        );
        component.refuse_other_grants()?;
        Ok(Self {
            path,
            variables: file.variables,
            component,
        })
    }

    /// The folder that relative paths of the manifest start from.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Where the manifest says the component is.
    pub fn source(&self) -> PathBuf {
        let source = self.component.source.as_str().unwrap_or_default();
        self.folder().join(source)
    }

    /// The component file to run: [`Self::source`], or, when that does not exist, a file of
    /// the same name beside the manifest (the layout of a release).
    pub fn component_file(&self) -> PathBuf {
        let source = self.source();
        match source.file_name().map(|name| self.folder().join(name)) {
            Some(beside) if !source.exists() && beside.exists() => beside,
            _ => source,
        }
    }
}

impl Component {
    /// Refuses what Spin would give the component and this host does not: files, an environment,
    /// outbound hosts.
    fn refuse_other_grants(&self) -> Result<()> {
        let grants = |(key, value): &(&String, &toml::Value)| {
            !GRANTLESS.contains(&key.as_str()) && !is_empty(value)
        };
        match self.other.iter().find(grants) {
            Some((key, _)) => bail!("this host has no {key:?} for a component; take it out"),
            None => Ok(()),
        }
    }
}

fn is_empty(value: &toml::Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
        || value.as_table().is_some_and(toml::Table::is_empty)
}

fn find_default() -> Result<PathBuf> {
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
    fn a_route_that_is_not_every_path_is_refused() {
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
    fn a_grant_that_this_host_does_not_have_is_refused() {
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
    fn a_component_beside_the_manifest_stands_in_for_a_missing_build() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.wasm"), "").unwrap();
        let manifest = Manifest::parse(GOOD, folder.path().join("spin.toml")).unwrap();
        assert_eq!(manifest.component_file(), folder.path().join("app.wasm"));
    }
}
