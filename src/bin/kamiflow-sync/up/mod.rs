//! `up`: wires the modules together, from the configuration to a serving socket, and shuts down.

mod background;
mod guests;
mod server;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Result, ensure};
use kamiflow_sync_component::api::clock::now_us;
use tokio::runtime::Runtime;

use crate::cli::UpArgs;
use crate::config::environment::Environment;
use crate::config::startup::Startup;
use crate::config::{settings, volume};
use crate::database::disk_reserve::{DiskReserve, opened_despite_full_disk};
use crate::database::lock::DatabaseLock;
use crate::database::{last_moment, prepare};
use crate::guest::component_build;
use crate::serve::open_files::Connections;
use crate::serve::{compute_limit, log, open_files};

/// Starts the server and runs it until a signal stops it.
///
/// # Errors
///
/// When it cannot start; each message is one line.
pub fn run(args: &UpArgs) -> Result<()> {
    // hyper cannot write a date before 1970.
    ensure!(
        SystemTime::now() >= SystemTime::UNIX_EPOCH,
        "the clock shows a time before 1970: set it"
    );
    let environment = Environment::load(Path::new("."))?;
    let _log = log::start(settings::log_level(&environment)?)?;
    settings::warn_about_ignored(&environment);
    let startup = Startup::read(args, &environment)?;
    let database = startup.runtime_config.default_database();
    // Keeps a restore out, from before the first look at the data until the end.
    let _lock = database.map(DatabaseLock::shared).transpose()?;
    let files = startup.runtime_config.files();
    prepare_files(&files, database)?;
    let component = startup.component_settings()?;
    if settings::requires_persistence(&environment)? {
        files
            .iter()
            .try_for_each(|file| volume::require_persistent(file))?;
    }
    component_build::ensure_built(&startup.manifest, args.build)?;
    let max_waiting = settings::max_waiting(&environment)?;
    let connections = Connections::within(open_files::raise_limit(), max_waiting);
    // Lives until the end, so that a second signal still ends the program during the checkpoints.
    let runtime = runtime()?;
    let is_closed = runtime.block_on(server::serve(&startup, &component, connections))?;
    database.into_iter().for_each(record_end);
    if is_closed {
        files.iter().for_each(|file| checkpoint(file));
    }
    Ok(())
}

fn prepare_files(files: &BTreeSet<PathBuf>, database: Option<&Path>) -> Result<()> {
    files
        .iter()
        .try_for_each(|file| opened_despite_full_disk(file, || prepare::prepare(file)))?;
    if let Some(database) = database {
        DiskReserve::of(database).take();
    }
    Ok(())
}

fn record_end(database: &Path) {
    if let Err(error) = last_moment::record(database, now_us()) {
        tracing::warn!(error = format!("{error:#}"), "cannot record the time");
    }
}

fn checkpoint(file: &Path) {
    if let Err(error) = prepare::checkpoint(file) {
        let error = format!("{error:#}");
        tracing::warn!(file = %file.display(), error, "cannot checkpoint the database");
    }
}

fn runtime() -> std::io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        // More threads than cores, because a thread waits while SQLite waits for the disk.
        .worker_threads((2 * compute_limit::cores()).max(4))
        // After this many polls a thread checks the sockets. A guest that computes may take a whole
        // tick of its clock for each of them.
        .event_interval(8)
        .enable_all()
        .build()
}
