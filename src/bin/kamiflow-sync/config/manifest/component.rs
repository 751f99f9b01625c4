//! `[component.<id>]`: where the component is, and the grants that this host can give it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use serde::Deserialize;

/// Keys that grant a component nothing.
const KEYS_WITHOUT_GRANT: [&str; 4] = ["description", "exclude_files", "targets", "tool"];

#[derive(Debug, Deserialize)]
pub struct Component {
    source: toml::Value,
    /// Labels of the databases that the component may open.
    #[serde(default)]
    pub sqlite_databases: Vec<String>,
    /// Labels of the key-value stores that the component may open.
    #[serde(default)]
    pub key_value_stores: Vec<String>,
    /// The component's variables: templates that use those of the application.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    pub build: Option<Build>,
    #[serde(flatten)]
    other: toml::Table,
}

/// `[component.<id>.build]`.
#[derive(Debug, Deserialize)]
pub struct Build {
    /// Run by the shell.
    pub command: String,
    /// Where `command` runs, relative to the manifest's folder.
    #[serde(default)]
    pub workdir: PathBuf,
    /// Globs of the sources, relative to `workdir`.
    #[serde(default)]
    pub watch: Vec<String>,
}

impl Component {
    /// Refuses a source that is no local file, and every grant that Spin has and this host does
    /// not: files, environment variables, outbound hosts.
    pub(super) fn check(&self, id: &str) -> Result<()> {
        ensure!(
            self.source.is_str(),
            "the source of component {id:?} must be a local file"
        );
        let is_grant = |(key, value): &(&String, &toml::Value)| {
            !KEYS_WITHOUT_GRANT.contains(&key.as_str()) && !is_empty(value)
        };
        match self.other.iter().find(is_grant) {
            Some((key, _)) => {
                bail!("this host does not support {key:?} for a component: remove it")
            }
            None => Ok(()),
        }
    }

    /// Relative to the manifest's folder.
    pub(super) fn source(&self) -> &str {
        self.source.as_str().unwrap_or_default()
    }
}

fn is_empty(value: &toml::Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
        || value.as_table().is_some_and(toml::Table::is_empty)
}
