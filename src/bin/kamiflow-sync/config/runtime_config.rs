//! Reads `runtime-config.toml`: where the data of each label lives on this machine.
//!
//! Keys and path rules are Spin's (`crates/runtime-config/src/lib.rs`): a relative `SQLite`
//! path starts at the current folder, a relative key-value path at this file's folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// Keys that Spin knows at top level and this host does not serve.
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

/// The label of the database that everything is kept in.
const DEFAULT: &str = "default";

/// Where each label's data lives. `None` is memory: for a database, of one connection; for
/// a key-value store, of the process.
#[derive(Debug, Default, PartialEq)]
pub struct RuntimeConfig {
    /// `[sqlite_database.<label>]`, absolute paths.
    pub sqlite_databases: BTreeMap<String, Option<PathBuf>>,
    /// `[key_value_store.<label>]`, absolute paths.
    pub key_value_stores: BTreeMap<String, Option<PathBuf>>,
    /// `max_instance_memory`: bytes of memory that one instance may take.
    pub max_instance_memory: Option<usize>,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    sqlite_database: BTreeMap<String, Place>,
    #[serde(default)]
    key_value_store: BTreeMap<String, Place>,
    max_instance_memory: Option<usize>,
    #[serde(flatten)]
    others: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Place {
    r#type: String,
    path: Option<PathBuf>,
}

impl RuntimeConfig {
    /// Reads `file`, or, when it is not given, `runtime-config.toml` beside the manifest.
    /// Without either, the `default` labels live in `.spin` beside the manifest, as on Spin.
    ///
    /// # Errors
    ///
    /// When a file cannot be read, or asks for something that this host does not serve.
    pub fn find(file: Option<&Path>, manifest_folder: &Path) -> Result<Self> {
        let beside = manifest_folder.join("runtime-config.toml");
        let mut config = match file {
            Some(file) => Self::read(file)?,
            None if beside.is_file() => Self::read(&beside)?,
            None => Self::default(),
        };
        let state = manifest_folder.join(".spin");
        let databases = config.sqlite_databases.entry("default".to_owned());
        databases.or_insert_with(|| Some(state.join("sqlite_db.db")));
        let stores = config.key_value_stores.entry("default".to_owned());
        stores.or_insert_with(|| Some(state.join("sqlite_key_value.db")));
        Ok(config)
    }

    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the runtime config {}", path.display()))?;
        let path = std::path::absolute(path)?;
        let folder = path.parent().unwrap_or(Path::new("/"));
        Self::parse(&text, &std::env::current_dir()?, folder)
            .with_context(|| format!("in {}", path.display()))
    }

    fn parse(text: &str, current_folder: &Path, own_folder: &Path) -> Result<Self> {
        let file: File = toml::from_str(text)?;
        if let Some(key) = file.others.keys().next() {
            ensure!(
                !UNSUPPORTED.contains(&key.as_str()),
                "this host does not support Spin's {key:?}; remove it, or run under Spin"
            );
            bail!("unknown key {key:?}");
        }
        Ok(Self {
            sqlite_databases: locate("sqlite_database", file.sqlite_database, current_folder)?,
            key_value_stores: locate("key_value_store", file.key_value_store, own_folder)?,
            max_instance_memory: file.max_instance_memory,
        })
    }

    /// Every database file, each once.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let databases = self.sqlite_databases.values();
        let stores = self.key_value_stores.values();
        databases.chain(stores).flatten().cloned().collect()
    }

    /// The file of the default database.
    pub fn default_database(&self) -> Option<&Path> {
        self.sqlite_databases.get(DEFAULT)?.as_deref()
    }

    /// Puts the `default` database and the `default` store into one file (`DB_PATH`).
    pub fn move_default_to(&mut self, path: &Path) -> Result<()> {
        let path = std::path::absolute(path)?;
        for places in [&mut self.sqlite_databases, &mut self.key_value_stores] {
            places.insert("default".to_owned(), Some(path.clone()));
        }
        Ok(())
    }
}

fn locate(
    table: &str,
    places: BTreeMap<String, Place>,
    base: &Path,
) -> Result<BTreeMap<String, Option<PathBuf>>> {
    let locate_one = |(label, place): (String, Place)| {
        ensure!(
            place.r#type == "spin",
            "[{table}.{label}] has type {:?}; this host serves type \"spin\" only",
            place.r#type
        );
        Ok((label, place.path.map(|path| base.join(path))))
    };
    places.into_iter().map(locate_one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RuntimeConfig> {
        RuntimeConfig::parse(text, Path::new("/here"), Path::new("/conf"))
    }

    #[test]
    fn relative_paths_start_where_they_start_on_spin() {
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
    fn a_key_of_spin_that_is_not_served_says_so() {
        let error = parse("[[variables_provider]]\ntype = \"vault\"").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("does not support Spin's \"variables_provider\"")
        );
    }

    #[test]
    fn another_kind_of_database_is_refused() {
        let error = parse("[sqlite_database.default]\ntype = \"libsql\"\nurl = \"x\"").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("[sqlite_database.default] has type \"libsql\"")
        );
    }

    #[test]
    fn without_a_file_the_default_labels_live_in_the_state_folder() {
        let folder = tempfile::tempdir().unwrap();
        let config = RuntimeConfig::find(None, folder.path()).unwrap();
        let expected = folder.path().join(".spin/sqlite_db.db");
        assert_eq!(config.sqlite_databases["default"], Some(expected));
    }

    #[test]
    fn db_path_moves_the_default_database_and_store_into_one_file() {
        let mut config = RuntimeConfig::default();
        config.move_default_to(Path::new("/data/x.db")).unwrap();
        assert_eq!(config.sqlite_databases, config.key_value_stores);
    }
}
