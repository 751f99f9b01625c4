//! `doctor`: checks the usual reasons why something does not work.
//!
//! The report can be pasted into a question: it contains no key, and nothing of what is synced but the
//! ids of projects when they are asked for.

mod backup;
mod database;
mod files;
mod key;
mod names;
mod report;
mod settings;
mod space;

use std::path::Path;

use anyhow::{Result, bail};
use kamiflow_sync_component::store::SCHEMA_VERSION;

use super::{healthcheck, progress};
use crate::cli::DoctorArgs;
use crate::config::environment::Environment;
use crate::config::manifest::Manifest;
use crate::config::runtime_config::RuntimeConfig;
use report::Report;

/// Prints the report. Fails when a check fails.
pub fn run(args: &DoctorArgs) -> Result<()> {
    let mut report = Report::default();
    report.info("program", program());
    let environment = match Environment::load(Path::new(".")) {
        Ok(environment) => environment,
        Err(error) => {
            report.fail("settings", error);
            Environment::default()
        }
    };
    let manifest = Manifest::find(args.installation.from.as_deref());
    if let Some(manifest) = report.take("manifest", manifest) {
        check_installation(&mut report, args, &manifest, &environment);
    }
    check_server(&mut report, args, &environment);
    match report.failures() {
        0 => Ok(()),
        1 => bail!("1 of these needs your attention"),
        count => bail!("{count} of these need your attention"),
    }
}

fn program() -> String {
    let (version, sqlite) = (env!("CARGO_PKG_VERSION"), rusqlite::version());
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("kamiflow-sync {version}, schema {SCHEMA_VERSION}, SQLite {sqlite}, {os} {arch}")
}

fn check_installation(
    report: &mut Report,
    args: &DoctorArgs,
    manifest: &Manifest,
    environment: &Environment,
) {
    report.ok("manifest", manifest.path.display());
    let component = manifest.component_file();
    match component.metadata() {
        Ok(file) => report.ok("component", progress::bytes(file.len())),
        Err(error) => report.fail("component", format!("{}: {error}", component.display())),
    }
    settings::check(report, manifest, environment);
    let file = args.installation.runtime_config_file.as_deref();
    let config = RuntimeConfig::load(file, manifest, environment);
    let Some(config) = report.take("data", config) else {
        return;
    };
    let Some(database) = config.default_database() else {
        return report.warn("data", "in memory, lost when the server stops");
    };
    files::check(report, &config, environment);
    database::check(report, database, args.projects);
    key::check(report, database, environment);
    files::check_disk(report, database);
    backup::check(report, database);
}

fn check_server(report: &mut Report, args: &DoctorArgs, environment: &Environment) {
    let url = match &args.url {
        Some(url) => Ok(url.clone()),
        None => healthcheck::default_url(environment),
    };
    let Ok(url) = url else { return };
    match healthcheck::ask(&url, healthcheck::TIMEOUT) {
        Ok(answer) => report.ok("server", format!("{url} answers {answer}")),
        Err(error) if args.url.is_some() => report.fail("server", format!("{error:#}")),
        // It may be stopped on purpose: without --url, no answer is expected.
        Err(error) => report.warn("server", format!("{error:#}")),
    }
}
