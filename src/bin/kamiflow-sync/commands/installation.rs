//! The installation that a command works on: its database and its limits.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cli::InstallationArgs;
use crate::config::bad_setting::BadSetting;
use crate::config::environment::Environment;
use crate::config::manifest::Manifest;
use crate::config::runtime_config::RuntimeConfig;
use crate::config::variables::{self, Values};
use crate::database::files;

/// Unlike a server, it needs no API key.
pub struct Installation {
    /// The file of the default database, behind any links; it may not exist yet.
    pub database: PathBuf,
    values: Values,
}

impl Installation {
    /// Finds it as `up` does.
    ///
    /// # Errors
    ///
    /// When a file or a setting cannot be used, or the database is in memory.
    pub fn find(args: &InstallationArgs) -> Result<Self> {
        let environment = Environment::load(Path::new("."))?;
        let manifest = Manifest::find(args.from.as_deref())?;
        let file = args.runtime_config_file.as_deref();
        let config = RuntimeConfig::load(file, &manifest, &environment)?;
        let database = config.default_database();
        let database = database.context("the database is in memory")?;
        for other in config.files().iter().filter(|file| *file != database) {
            eprintln!(
                "kamiflow-sync: {} is not the default database and is left alone",
                other.display()
            );
        }
        Ok(Self {
            database: files::behind_links(database),
            values: variables::resolve(&manifest.variables, &[], &environment)?,
        })
    }

    /// `MAX_FILE_SIZE`, in bytes.
    pub fn max_file_size(&self) -> Result<u64, BadSetting> {
        self.limit("max_file_size")
    }

    /// `MAX_FILES_PER_PROJECT`.
    pub fn max_files(&self) -> Result<u64, BadSetting> {
        self.limit("max_files_per_project")
    }

    fn limit(&self, name: &str) -> Result<u64, BadSetting> {
        let value = self.values.get(name).map(String::as_str).unwrap_or("");
        value.trim().parse().map_err(|_| {
            BadSetting(format!(
                "{}={value}: not a number",
                name.to_ascii_uppercase()
            ))
        })
    }
}
