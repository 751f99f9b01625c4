//! The installation that a command works on: its database and its settings.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use kamiflow_sync_component::domain::Rules;
use kamiflow_sync_component::settings::Settings;

use crate::cli::InstallationArgs;
use crate::config::bad_setting::BadSetting;
use crate::config::environment::Environment;
use crate::config::manifest::Manifest;
use crate::config::runtime_config::RuntimeConfig;
use crate::config::variables::{self, Values};
use crate::database::files;
use crate::say::note;

/// Unlike a server, it needs no API key.
pub struct Installation {
    /// The file of the default database, behind any links; it may not exist yet.
    pub database: PathBuf,
    values: Values,
}

/// What an import may store.
pub struct Limits {
    /// `MAX_FILE_SIZE`, in bytes.
    pub max_file_size: u64,
    /// What a push may store.
    pub rules: Rules,
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
            note!(
                "kamiflow-sync: {} is not the default database and is left alone",
                other.display()
            );
        }
        Ok(Self {
            database: files::behind_links(database),
            values: variables::resolve(&manifest.variables, &[], &environment)?,
        })
    }

    /// What an import may store.
    pub fn limits(&self) -> Result<Limits, BadSetting> {
        let settings = self.settings();
        Ok(Limits {
            max_file_size: settings.max_file_size().map_err(bad)? as u64,
            rules: settings.rules().map_err(bad)?,
        })
    }

    fn settings(&self) -> Settings {
        let values = self.values.clone();
        Settings::new(move |name| Ok(values.get(name).cloned()))
    }
}

fn bad(error: kamiflow_sync_component::settings::BadSetting) -> BadSetting {
    BadSetting(error.to_string())
}
