//! `doctor`: looks at everything that usually is the reason when something does not work.
//!
//! The report is made to be pasted into a question: no key, and nothing of what is synced.

use std::fmt::Display;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kamiflow_sync_component::store::SCHEMA_VERSION;
use rusqlite::Connection;

use super::{healthcheck, progress, project_writer};
use crate::cli::DoctorArgs;
use crate::config::environment::Environment;
use crate::config::manifest::Manifest;
use crate::config::runtime_config::RuntimeConfig;
use crate::config::{api_key, settings, startup, variables, volume};
use crate::database::files::{length, with_suffix};
use crate::database::{backup_mark, open};

/// Free bytes below which pushes will fail soon, and below which it is time to act.
const NO_SPACE: u64 = 100 << 20;
const LITTLE_SPACE: u64 = 1 << 30;
/// The age from which on a backup is no comfort.
const OLD_BACKUP: Duration = Duration::from_secs(8 * 24 * 3600);
/// A sane clock is behind this, the beginning of 2025, in microseconds.
const PAST: i64 = 1_735_689_600_000_000;

#[derive(Default)]
struct Report {
    failures: usize,
}

/// Prints the report; it fails when something is wrong.
pub fn run(args: &DoctorArgs) -> Result<()> {
    let mut report = Report::default();
    report.line("", "program", &program());
    let environment = match Environment::load(Path::new(".")) {
        Ok(environment) => environment,
        Err(error) => {
            report.fail("settings", &error);
            Environment::default()
        }
    };
    if let Some(manifest) = report.take("manifest", Manifest::find(args.place.from.as_deref())) {
        look_at_installation(&mut report, args, &manifest, &environment);
    }
    look_at_server(&mut report, args, &environment);
    match report.failures {
        0 => Ok(()),
        count => bail!("{count} of these need your attention"),
    }
}

fn program() -> String {
    let (version, sqlite) = (env!("CARGO_PKG_VERSION"), rusqlite::version());
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("kamiflow-sync {version}, schema {SCHEMA_VERSION}, SQLite {sqlite}, {os} {arch}")
}

fn look_at_installation(
    report: &mut Report,
    args: &DoctorArgs,
    manifest: &Manifest,
    environment: &Environment,
) {
    report.line("ok", "manifest", &manifest.path.display());
    let component = manifest.component_file();
    match component.metadata() {
        Ok(file) => report.line("ok", "component", &progress::bytes(file.len())),
        Err(error) => report.fail("component", &format!("{}: {error}", component.display())),
    }
    look_at_settings(report, manifest, environment);
    let config = startup::runtime_config(&args.place, manifest, environment);
    let Some(config) = report.take("data", config) else {
        return;
    };
    let Some(database) = config.default_database() else {
        return report.line("warn", "data", &"in memory, gone with the process");
    };
    look_at_places(report, &config, environment);
    look_at_database(report, database);
    look_at_key(report, database, environment);
    look_at_disk(report, database);
    look_at_backup(report, database);
}

/// Values that differ from their defaults, without the secret ones.
fn look_at_settings(report: &mut Report, manifest: &Manifest, environment: &Environment) {
    let values = variables::resolve(&manifest.variables, &[], environment);
    let Some(values) = report.take("settings", values.map_err(Into::into)) else {
        return;
    };
    // The component's own rules, with a key in the place of one that may not be made yet.
    let judged = kamiflow_sync_component::settings::check(|name| match name {
        "api_key" => Some("0123456789abcdef".to_owned()),
        name => values.get(name).cloned(),
    });
    if let Err(error) = judged {
        report.fail("settings", &error);
    }
    for (name, variable) in &manifest.variables {
        let value = values
            .get(name)
            .filter(|value| Some(*value) != variable.default.as_ref());
        match value {
            Some(_) if variable.secret => report.line("ok", name, &"set"),
            Some(value) => report.line("ok", name, value),
            None => {}
        }
    }
    let others = settings::log_level(environment)
        .map(drop)
        .and(settings::listen_address(None, environment).map(drop))
        .and(settings::metrics_address(None, environment).map(drop));
    if let Err(error) = others {
        report.fail("settings", &error);
    }
    let proxies = values
        .get("trusted_proxies")
        .map(String::as_str)
        .unwrap_or_default();
    match proxies {
        "" => report.line(
            "ok",
            "proxy",
            &"none is trusted; behind one, set TRUSTED_PROXIES to its address",
        ),
        all if all.split(',').any(|network| network.trim().ends_with("/0")) => {
            report.line(
                "warn",
                "proxy",
                &"TRUSTED_PROXIES believes everybody, so anybody can evade the rate limit",
            );
        }
        some => report.line(
            "ok",
            "proxy",
            &format!("X-Forwarded-For is believed from {some}"),
        ),
    }
}

fn look_at_places(report: &mut Report, config: &RuntimeConfig, environment: &Environment) {
    let files = config.files();
    if files.len() > 1 {
        let count = files.len();
        report.line(
            "warn",
            "data",
            &format!("in {count} files, of which 'backup' copies one"),
        );
    }
    let required = settings::requires_persistence(environment).unwrap_or(false);
    for file in files.iter().filter(|_| required) {
        if let Err(error) = volume::require_persistent(file) {
            report.fail("volume", &error);
        }
    }
}

fn look_at_database(report: &mut Report, database: &Path) {
    let shown = database.display();
    if length(database) == 0 {
        return report.line(
            "ok",
            "database",
            &format!("{shown}: none yet, made by the first request"),
        );
    }
    let Some(connection) = report.take("database", open::existing(database)) else {
        return;
    };
    let size = progress::bytes(length(database));
    let log = progress::bytes(length(&with_suffix(database, "-wal")));
    report.line("ok", "database", &format!("{shown}: {size}, log {log}"));
    match facts(&connection) {
        Ok(facts) => {
            let Facts {
                schema,
                mode,
                projects,
                files,
                newest,
            } = facts;
            report.line(
                "ok",
                "contents",
                &format!("schema {schema}, {projects} projects, {files} files"),
            );
            if mode != "wal" {
                report.fail("database", &format!("its journal mode is {mode}, not wal"));
            }
            look_at_clock(report, newest);
        }
        Err(error) => report.fail("database", &error),
    }
    let writable = connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    report.take("database", writable.context("cannot be written"));
    if let Ok(folder) = database.with_file_name(".").metadata() {
        let mode = folder.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            report.line(
                "warn",
                "folder",
                &format!("others can look into it (mode {mode:o}): chmod 700"),
            );
        }
    }
}

struct Facts {
    schema: i64,
    mode: String,
    projects: i64,
    files: i64,
    newest: i64,
}

fn facts(connection: &Connection) -> rusqlite::Result<Facts> {
    let counts =
        "SELECT count(*), coalesce(sum(file_count), 0), coalesce(max(last_rev), 0) FROM project";
    let (projects, files, newest) = connection.query_row(counts, [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(Facts {
        schema: connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        mode: connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?,
        projects,
        files,
        newest,
    })
}

/// The newest change cannot be from the future, unless the clock was, or is now behind.
fn look_at_clock(report: &mut Report, newest: i64) {
    let now = project_writer::now_us();
    if now < PAST {
        report.fail("clock", &"it is before 2025: set the clock");
    } else if newest > now + 1_000_000 {
        let seconds = (newest - now) / 1_000_000;
        report.fail(
            "clock",
            &format!("it is {seconds} s behind the newest change: set the clock"),
        );
    } else {
        report.line("ok", "clock", &"not behind the newest change");
    }
}

fn look_at_key(report: &mut Report, database: &Path, environment: &Environment) {
    let file = database.with_file_name("api-key");
    let configured = ["API_KEY", "SPIN_VARIABLE_API_KEY"];
    if let Some(key) = configured.iter().find_map(|name| environment.get(name)) {
        return match api_key::check(key.trim()) {
            Ok(()) => report.line("ok", "key", &"from the settings"),
            Err(error) => report.fail("key", &error),
        };
    }
    if let Ok(kept) = std::fs::read_to_string(&file)
        && let Err(error) = api_key::check(kept.trim())
    {
        return report.fail("key", &format!("{}: {error}", file.display()));
    }
    let looked = file.metadata();
    match looked {
        Err(_) if !file.exists() => report.line("ok", "key", &"none yet, made at the first start"),
        Err(error) => report.fail("key", &format!("{}: {error}", file.display())),
        Ok(kept) if kept.permissions().mode() & 0o077 != 0 => {
            let mode = kept.permissions().mode() & 0o777;
            report.fail(
                "key",
                &format!(
                    "others can read it (mode {mode:o}): chmod 600 {}",
                    file.display()
                ),
            );
        }
        Ok(_) => report.line(
            "ok",
            "key",
            &format!("in {}, readable by its owner alone", file.display()),
        ),
    }
}

fn look_at_disk(report: &mut Report, database: &Path) {
    let folder = database.parent().unwrap_or(Path::new("/"));
    let Ok(disk) = rustix::fs::statvfs(folder) else {
        return;
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let shown = format!("{} free", progress::bytes(free));
    match free {
        NO_SPACE.. if free < LITTLE_SPACE => report.line("warn", "disk", &shown),
        LITTLE_SPACE.. => report.line("ok", "disk", &shown),
        _ => report.fail("disk", &shown),
    }
}

fn look_at_backup(report: &mut Report, database: &Path) {
    match backup_mark::age(database) {
        None => report.line(
            "warn",
            "backup",
            &"none was made yet: kamiflow-sync backup FILE",
        ),
        Some(age) => {
            let days = age.as_secs() / 86_400;
            let state = if age > OLD_BACKUP { "warn" } else { "ok" };
            report.line(state, "backup", &format!("the last one is {days} days old"));
        }
    }
}

fn look_at_server(report: &mut Report, args: &DoctorArgs, environment: &Environment) {
    let url = match &args.url {
        Some(url) => Ok(url.clone()),
        None => healthcheck::default_url(environment),
    };
    let Ok(url) = url else { return };
    match healthcheck::ask(&url) {
        Ok(answer) => report.line("ok", "server", &format!("{url} answers {answer}")),
        Err(error) if args.url.is_some() => report.fail("server", &format!("{error:#}")),
        // Stopped on purpose, perhaps; only who names an address expects an answer.
        Err(error) => report.line("warn", "server", &format!("{error:#}")),
    }
}

impl Report {
    fn line(&mut self, state: &str, name: &str, text: &dyn Display) {
        println!("{state:4}  {name:10}  {text}");
    }

    fn fail(&mut self, name: &str, text: &dyn Display) {
        self.failures += 1;
        self.line("FAIL", name, text);
    }

    fn take<T>(&mut self, name: &str, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(name, &format!("{error:#}"));
                None
            }
        }
    }
}
