//! The format of `runtime-config.toml`.
//!
//! Keys and path rules are Spin's (`crates/runtime-config/src/lib.rs`): a relative path of a
//! `SQLite` database starts at the current folder, one of a key-value store at this file's folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::config::toml_file;

/// Top-level keys of Spin that this host does not support.
const UNSUPPORTED: [&str; 13] = [
    "client_tls",
    "config_provider",
    "llm_compute",
    "log_dir",
    "outbound_http",
    "outbound_mqtt",
    "outbound_mysql",
    "outbound_networking",
    "outbound_pg",
    "outbound_redis",
    "state_dir",
    "telemetry",
    "variables_provider",
];

/// The file of each label. `None` means memory: a database then lives as long as its connection,
/// a key-value store as long as the process.
#[derive(Debug, Default, PartialEq)]
pub struct RuntimeConfig {
    /// From `[sqlite_database.<label>]`; absolute paths.
    pub sqlite_databases: BTreeMap<String, Option<PathBuf>>,
    /// From `[key_value_store.<label>]`; absolute paths.
    pub key_value_stores: BTreeMap<String, Option<PathBuf>>,
    /// From `max_instance_memory`: bytes of memory that one instance may use.
    pub max_instance_memory: Option<usize>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    sqlite_database: BTreeMap<String, Storage>,
    #[serde(default)]
    key_value_store: BTreeMap<String, Storage>,
    max_instance_memory: Option<usize>,
    #[serde(flatten)]
    others: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Storage {
    r#type: String,
    path: Option<PathBuf>,
}

impl RuntimeConfig {
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the runtime config {}", path.display()))?;
        let path = std::path::absolute(path)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        Self::parse(&text, &std::env::current_dir()?, folder)
            .with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str, current_folder: &Path, own_folder: &Path) -> Result<Self> {
        let file: File = toml_file::parse(text)?;
        if let Some(key) = file.others.keys().next() {
            ensure!(
                !UNSUPPORTED.contains(&key.as_str()),
                "this host does not support Spin's {key:?}; remove it, or run under Spin"
            );
            bail!("unknown key {key:?}");
        }
        Ok(Self {
            sqlite_databases: resolve("sqlite_database", file.sqlite_database, current_folder)?,
            key_value_stores: resolve("key_value_store", file.key_value_store, own_folder)?,
            max_instance_memory: file.max_instance_memory,
        })
    }
}

fn resolve(
    table: &str,
    storages: BTreeMap<String, Storage>,
    base: &Path,
) -> Result<BTreeMap<String, Option<PathBuf>>> {
    let resolve_one = |(label, storage): (String, Storage)| {
        ensure!(
            storage.r#type == "spin",
            "[{table}.{label}] has type {:?}; this host serves type \"spin\" only",
            storage.r#type
        );
        Ok((label, storage.path.map(|path| base.join(path))))
    };
    storages.into_iter().map(resolve_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RuntimeConfig> {
        RuntimeConfig::parse(text, Path::new("/here"), Path::new("/conf"))
    }

    #[test]
    fn relative_paths_are_resolved_as_on_spin() {
        let text = "[sqlite_database.default]\ntype = \"spin\"\npath = \"a.db\"\n\
                    [key_value_store.default]\ntype = \"spin\"\npath = \"b.db\"\n\
                    [key_value_store.memory]\ntype = \"spin\"";
        let config = parse(text).unwrap();
        assert_eq!(
            config.sqlite_databases["default"],
            Some("/here/a.db".into())
        );
        assert_eq!(
            config.key_value_stores["default"],
            Some("/conf/b.db".into())
        );
        assert_eq!(config.key_value_stores["memory"], None);
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let error = parse("sqlite_databse = 1").unwrap_err();
        assert_eq!(error.to_string(), "unknown key \"sqlite_databse\"");
    }

    #[test]
    fn a_key_that_only_spin_supports_is_named() {
        let error = parse("[[variables_provider]]\ntype = \"vault\"").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("does not support Spin's \"variables_provider\"")
        );
    }

    #[test]
    fn an_unsupported_database_type_is_refused() {
        let error = parse("[sqlite_database.default]\ntype = \"libsql\"\nurl = \"x\"").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("[sqlite_database.default] has type \"libsql\"")
        );
    }
}
