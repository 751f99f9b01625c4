//! The runtime config: the file behind each database and key-value store on this machine, from
//! `runtime-config.toml` and `DB_PATH`.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::environment::Environment;
use super::manifest::Manifest;
use super::settings;

pub use file::RuntimeConfig;

/// The label of the database and of the key-value store that the component uses.
const DEFAULT: &str = "default";

impl RuntimeConfig {
    /// Finds and reads the file, and applies `DB_PATH`.
    ///
    /// # Errors
    ///
    /// When the file cannot be used, or does not define a label that the component uses.
    pub fn load(
        file: Option<&Path>,
        manifest: &Manifest,
        environment: &Environment,
    ) -> Result<Self> {
        let mut config = Self::find(file, manifest.folder())?;
        if let Some(path) = settings::database_path(environment) {
            config.move_default_to(&path)?;
        }
        let component = &manifest.component;
        require_labels(
            "SQLite database",
            &component.sqlite_databases,
            &config.sqlite_databases,
        )?;
        require_labels(
            "key-value store",
            &component.key_value_stores,
            &config.key_value_stores,
        )?;
        Ok(config)
    }

    /// Reads `file`, else `runtime-config.toml` beside the manifest. A `default` label that neither
    /// defines is stored in `.spin` beside the manifest, as on Spin.
    fn find(file: Option<&Path>, manifest_folder: &Path) -> Result<Self> {
        let beside = manifest_folder.join("runtime-config.toml");
        let mut config = match file {
            Some(file) => Self::read(file)?,
            None if beside.is_file() => Self::read(&beside)?,
            None => Self::default(),
        };
        let state = manifest_folder.join(".spin");
        let databases = config.sqlite_databases.entry(DEFAULT.to_owned());
        databases.or_insert_with(|| Some(state.join("sqlite_db.db")));
        let stores = config.key_value_stores.entry(DEFAULT.to_owned());
        stores.or_insert_with(|| Some(state.join("sqlite_key_value.db")));
        Ok(config)
    }

    /// The files of all databases and key-value stores, each once.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        let databases = self.sqlite_databases.values();
        let stores = self.key_value_stores.values();
        databases.chain(stores).flatten().cloned().collect()
    }

    /// The file of the default database.
    pub fn default_database(&self) -> Option<&Path> {
        self.sqlite_databases.get(DEFAULT)?.as_deref()
    }

    /// Puts the `default` database and the `default` store into one file.
    fn move_default_to(&mut self, path: &Path) -> Result<()> {
        let path = std::path::absolute(path)?;
        for paths in [&mut self.sqlite_databases, &mut self.key_value_stores] {
            paths.insert(DEFAULT.to_owned(), Some(path.clone()));
        }
        Ok(())
    }
}

/// Finds a missing label at start and not at the first request, as Spin does
/// (`crates/factor-sqlite/src/lib.rs`).
fn require_labels(
    kind: &str,
    granted: &[String],
    paths: &BTreeMap<String, Option<PathBuf>>,
) -> Result<()> {
    for label in granted {
        ensure!(
            paths.contains_key(label),
            "the component uses the {kind} {label:?}, which the runtime config does not define"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_the_default_labels_are_in_the_state_folder() {
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
