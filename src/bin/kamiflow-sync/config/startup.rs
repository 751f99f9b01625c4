//! The configuration of `up`: its flags, the environment, `spin.toml` and `runtime-config.toml`
//! combined.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use ipnet::IpNet;
use kamiflow_sync_component::settings::Settings;

use super::api_key::{self, KeySource};
use super::bad_setting::BadSetting;
use super::environment::Environment;
use super::manifest::Manifest;
use super::runtime_config::RuntimeConfig;
use super::settings;
use super::variables::{self, Values};
use crate::cli::UpArgs;
use crate::say::note;

/// Bytes of a request body when the manifest has no `max_body_size`.
const DEFAULT_MAX_BODY: u64 = 100 << 20;

/// What is known before the data files are opened.
#[derive(Debug)]
pub struct Startup {
    pub address: SocketAddr,
    /// `None` serves no metrics.
    pub metrics_address: Option<SocketAddr>,
    pub manifest: Manifest,
    pub runtime_config: RuntimeConfig,
    values: Values,
    /// The file that the configured key was read from.
    named_key_file: Option<PathBuf>,
}

#[derive(Debug)]
pub struct ComponentSettings {
    /// The component's variables, by name.
    pub variables: HashMap<String, String>,
    /// Bytes of a request body.
    pub max_body: u64,
    pub trusted_proxies: Vec<IpNet>,
    /// Whether the component has pages.
    pub has_dashboard: bool,
    pub key_source: KeySource,
}

impl Startup {
    /// Reads the files and combines them with flags and environment.
    ///
    /// # Errors
    ///
    /// [`BadSetting`] for a value that cannot be used; else the message says what is wrong with a
    /// file.
    pub fn read(args: &UpArgs, environment: &Environment) -> Result<Self> {
        let address = settings::listen_address(args.listen.as_deref(), environment)?;
        let metrics_address =
            settings::metrics_address(args.metrics_listen.as_deref(), environment)?;
        let manifest = Manifest::find(args.installation.from.as_deref())?;
        let file = args.installation.runtime_config_file.as_deref();
        let runtime_config = RuntimeConfig::load(file, &manifest, environment)?;
        let values = variables::resolve(&manifest.variables, &args.variables, environment)?;
        let has_flag = |name| args.variables.iter().any(|(flag, _)| flag == name);
        Ok(Self {
            address,
            metrics_address,
            manifest,
            runtime_config,
            values,
            named_key_file: environment
                .file_of("api_key")
                .filter(|_| !has_flag("api_key")),
        })
    }

    /// Resolves the component's settings by its own rules. Generates an API key when none is
    /// configured; the folder of the database must exist by then.
    ///
    /// # Errors
    ///
    /// [`BadSetting`] for a value that cannot be used; else the message says what is wrong with the
    /// key file.
    pub fn component_settings(&self) -> Result<ComponentSettings> {
        let mut values = self.values.clone();
        let database = self.runtime_config.default_database();
        let key_file = database.map(api_key::file_beside);
        let key_source = api_key::resolve(
            &mut values,
            self.named_key_file.as_deref(),
            key_file.as_deref(),
        )?;
        if let Some(previous) = values.get("api_key_previous") {
            api_key::refuse_file("api_key_previous", previous)?;
        }
        variables::require(&self.manifest.variables, &values)?;
        let variables = variables::expand_all(&self.manifest.component.variables, &values)?;
        kamiflow_sync_component::settings::check(|name| variables.get(name).cloned())
            .map_err(|error| BadSetting(error.to_string()))?;
        variables::require_file_fits(&self.manifest.variables, &values)?;
        if key_source == KeySource::Setting {
            warn_of_other_key(&values["api_key"], key_file.as_deref());
        }
        let max_body = variables
            .get("max_body_size")
            .and_then(|text| text.trim().parse().ok());
        Ok(ComponentSettings {
            trusted_proxies: trusted_proxies(&variables)?,
            has_dashboard: has_dashboard(&variables)?,
            variables,
            max_body: max_body.unwrap_or(DEFAULT_MAX_BODY),
            key_source,
        })
    }
}

fn warn_of_other_key(configured: &str, file: Option<&Path>) {
    if let Some(superseded) = file.and_then(|file| api_key::superseded(configured, file)) {
        note!("kamiflow-sync: {superseded}");
    }
}

/// By the component's own rule, so that the log has the addresses which its rate limit counts.
fn trusted_proxies(variables: &HashMap<String, String>) -> Result<Vec<IpNet>, BadSetting> {
    let proxies = of_component(variables).trusted_proxies();
    proxies.map_err(|error| BadSetting(error.to_string()))
}

fn has_dashboard(variables: &HashMap<String, String>) -> Result<bool, BadSetting> {
    let dashboard = of_component(variables).dashboard();
    dashboard.map_err(|error| BadSetting(error.to_string()))
}

fn of_component(variables: &HashMap<String, String>) -> Settings {
    let variables = variables.clone();
    Settings::new(move |name| Ok(variables.get(name).cloned()))
}
