//! Settles everything that flags, files and the environment say, before anything starts.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::api_key::{self, KeySource};
use super::environment::Environment;
use super::manifest::Manifest;
use super::runtime_config::RuntimeConfig;
use super::variables::{self, Values};
use super::{bad_setting::BadSetting, settings};
use crate::cli::{PlaceArgs, UpArgs};
use crate::database::lock::DatabaseLock;
use crate::database::prepare;

/// Bytes of a request body when the manifest has no `max_body_size`.
const DEFAULT_MAX_BODY: u64 = 100 << 20;

/// What to serve, and how.
#[derive(Debug)]
pub struct Plan {
    /// Where to listen.
    pub address: SocketAddr,
    /// Where to serve metrics, if anywhere.
    pub metrics_address: Option<SocketAddr>,
    /// The manifest.
    pub manifest: Manifest,
    /// Where data lives. Its files exist and can be written.
    pub config: RuntimeConfig,
    /// The component's variables.
    pub variables: HashMap<String, String>,
    /// Bytes of a request body.
    pub max_body: u64,
    /// Where the key comes from.
    pub key: KeySource,
    /// Keeps a restore out, from before the first look at the data until the plan is dropped.
    #[expect(dead_code, reason = "held to be dropped")]
    pub in_use: Option<DatabaseLock>,
}

impl Plan {
    /// Reads, settles and checks.
    ///
    /// # Errors
    ///
    /// [`BadSetting`] for a value that cannot be used, else what is wrong with a file.
    pub fn make(args: &UpArgs, environment: &Environment) -> Result<Self> {
        let address = settings::listen_address(args.listen.as_deref(), environment)?;
        let metrics_address =
            settings::metrics_address(args.metrics_listen.as_deref(), environment)?;
        let manifest = Manifest::find(args.place.from.as_deref())?;
        let config = runtime_config(&args.place, &manifest, environment)?;
        let mut values = variables::resolve(&manifest.variables, &args.variables, environment)?;
        let in_use = config
            .default_database()
            .map(DatabaseLock::shared)
            .transpose()?;
        for file in config.files() {
            prepare::prepare(&file)?;
        }
        let key = settle_key(&mut values, &config)?;
        variables::require(&manifest.variables, &values)?;
        let variables = variables::fill_in(&manifest.component.variables, &values)?;
        check(&variables)?;
        let max_body = variables
            .get("max_body_size")
            .and_then(|text| text.trim().parse().ok());
        let max_body = max_body.unwrap_or(DEFAULT_MAX_BODY);
        Ok(Self {
            address,
            metrics_address,
            manifest,
            config,
            variables,
            max_body,
            key,
            in_use,
        })
    }

    /// The file of the default database.
    pub fn data_file(&self) -> Option<&Path> {
        self.config.default_database()
    }
}

/// Where the data of an installation lives.
///
/// # Errors
///
/// When the file cannot be used, or lacks a place for a label that the component uses.
pub fn runtime_config(
    args: &PlaceArgs,
    manifest: &Manifest,
    environment: &Environment,
) -> Result<RuntimeConfig> {
    let file = args.runtime_config_file.as_deref();
    let mut config = RuntimeConfig::find(file, manifest.folder())?;
    if let Some(path) = settings::database_path(environment) {
        config.move_default_to(&path)?;
    }
    let component = &manifest.component;
    ensure_placed(
        "SQLite database",
        &component.sqlite_databases,
        &config.sqlite_databases,
    )?;
    ensure_placed(
        "key-value store",
        &component.key_value_stores,
        &config.key_value_stores,
    )?;
    Ok(config)
}

/// As Spin, finds a granted label that is nowhere before a request does
/// (`crates/factor-sqlite/src/lib.rs`).
fn ensure_placed(
    kind: &str,
    granted: &[String],
    places: &BTreeMap<String, Option<PathBuf>>,
) -> Result<()> {
    for label in granted {
        ensure!(
            places.contains_key(label),
            "the component uses the {kind} {label:?}, which the runtime config does not define"
        );
    }
    Ok(())
}

fn settle_key(values: &mut Values, config: &RuntimeConfig) -> Result<KeySource> {
    let file = config.default_database().map(api_key::file_beside);
    api_key::resolve(values, file.as_deref())
}

/// Lets the component's own rules look at its variables.
fn check(variables: &HashMap<String, String>) -> Result<(), BadSetting> {
    kamiflow_sync_component::settings::check(|name| variables.get(name).cloned())
        .map_err(BadSetting)
}
