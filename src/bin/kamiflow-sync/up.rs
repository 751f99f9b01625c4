//! `up`: wires the rooms together, from the configuration to a serving socket, and shuts down.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use kamiflow_sync_component::api::Publication;
use kamiflow_sync_component::api::clock::now_us;
use kamiflow_sync_component::wire::host_report::HOST_REPORT;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::UpArgs;
use crate::commands::healthcheck;
use crate::config::environment::Environment;
use crate::config::startup::{ComponentSettings, Startup};
use crate::config::{settings, volume};
use crate::database::disk_reserve::DiskReserve;
use crate::database::lock::DatabaseLock;
use crate::database::recent::Reader;
use crate::database::{last_moment, prepare};
use crate::guest::epoch_clock::EpochClock;
use crate::guest::handler::Handler;
use crate::guest::source::Source;
use crate::guest::{component_build, engine};
use crate::platform::{CONNECTIONS_ARE_HELD, Grants, Shared, Variables};
use crate::serve::answer_hours::AnswerHours;
use crate::serve::counts::Counts;
use crate::serve::hold::{Holder, News};
use crate::serve::open_files::Connections;
use crate::serve::service::Service;
use crate::serve::slots::ConnectionSlots;
use crate::serve::{
    banner, compute_limit, host_report, listener, log, metrics_server, open_files, service_manager,
    signals,
};

/// How long instances may take to end after the last request.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

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
    log::start(settings::log_level(&environment)?);
    settings::warn_about_ignored(&environment);
    let startup = Startup::read(args, &environment)?;
    let database = startup.runtime_config.default_database();
    // Keeps a restore out, from before the first look at the data until the end.
    let _lock = database.map(DatabaseLock::shared).transpose()?;
    let files = startup.runtime_config.files();
    for file in &files {
        prepare::prepare(file)?;
    }
    if let Some(database) = database {
        DiskReserve::of(database).take();
    }
    let component = startup.component_settings()?;
    if settings::requires_persistence(&environment)? {
        for file in &files {
            volume::require_persistent(file)?;
        }
    }
    component_build::ensure_built(&startup.manifest, args.build)?;
    let max_waiting = settings::max_waiting(&environment)?;
    let connections = Connections::within(open_files::raise_limit(), max_waiting);
    // Lives until the end, so that a second signal still ends the program during the checkpoints.
    let runtime = runtime()?;
    let is_closed = runtime.block_on(serve(&startup, &component, connections))?;
    if let Some(database) = database
        && let Err(error) = last_moment::record(database, now_us())
    {
        tracing::warn!(%error, "cannot record the time");
    }
    if is_closed {
        files.iter().for_each(|file| checkpoint(file));
    }
    Ok(())
}

fn checkpoint(file: &Path) {
    if let Err(error) = prepare::checkpoint(file) {
        tracing::warn!(file = %file.display(), %error, "cannot checkpoint the database");
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

/// Returns whether the databases are closed.
async fn serve(
    startup: &Startup,
    component: &ComponentSettings,
    connections: Connections,
) -> Result<bool> {
    let listener = listener::bind(startup.address, "PORT").await?;
    let (stop, alive) = (CancellationToken::new(), TaskTracker::new());
    let database = startup.runtime_config.default_database();
    let metrics = match startup.metrics_address {
        Some(address) => Some(metrics_server::start(address, database, stop.clone()).await?),
        None => None,
    };
    let (metrics, metrics_address) = metrics.unzip();
    let answers = Arc::new(AnswerHours::new());
    let shared = Arc::new(shared(startup, component, answers.clone()));
    let open = Arc::downgrade(&shared);
    let (handler, clock) = guests(
        startup,
        component,
        shared.clone(),
        stop.clone(),
        alive.clone(),
    )?;
    let slots = ConnectionSlots::new(connections.slots);
    let waiting = metrics.as_ref().map(|metrics| metrics.waiting.clone());
    let holder = Holder::new(
        connections.waiting,
        waiting.unwrap_or_default(),
        stop.clone(),
    );
    alive.spawn(give_free_pages_back(shared.clone(), stop.clone()));
    let reader = database.map(|file| Arc::new(Mutex::new(Reader::new(file.to_owned()))));
    let watch = holder.clone().watch(
        move || data_versions(shared.clone()),
        move || news(reader.clone()),
    );
    alive.spawn(stop.clone().run_until_cancelled_owned(watch));
    let service = Service::new(
        handler,
        component.max_body,
        component.trusted_proxies.clone(),
        slots.clone(),
        clock,
        Counts { metrics, answers },
        holder,
    );
    signals::watch(stop.clone())?;
    let address = listener.local_addr()?;
    // The server also serves when nobody reads its output.
    let has_dashboard = component.has_dashboard;
    _ = banner::print(
        address,
        has_dashboard,
        database,
        &component.key_source,
        metrics_address,
    );
    tell_service_manager(address, stop.clone())?;
    listener::serve(listener, slots, service, stop).await;
    alive.close();
    let closed = async { tokio::join!(alive.wait(), closed(&open)) };
    let is_closed = tokio::time::timeout(SHUTDOWN_GRACE, closed).await.is_ok();
    if !is_closed {
        tracing::warn!("an instance was still busy when the server stopped");
    }
    Ok(is_closed)
}

/// Waits for the tasks that have the databases open, of which some end just after their instance.
async fn closed(open: &Weak<Shared>) {
    while open.strong_count() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Says that the server is ready, and from then on that it is alive whenever it answers.
fn tell_service_manager(address: SocketAddr, stop: CancellationToken) -> std::io::Result<()> {
    service_manager::ready(address);
    let url = healthcheck::url(address);
    let check = move |timeout| healthcheck::ask(&url, timeout).map(drop);
    service_manager::watch(check, stop)
}

/// The way into instances of the component, and the clock that interrupts them.
fn guests(
    startup: &Startup,
    component: &ComponentSettings,
    shared: Arc<Shared>,
    stop: CancellationToken,
    alive: TaskTracker,
) -> Result<(Handler, EpochClock)> {
    let configured = startup.runtime_config.max_instance_memory;
    let max_memory = configured.unwrap_or_else(|| engine::required_memory(component.max_body));
    let (engine, code) = engine::load(&startup.manifest.component_file(), max_memory)?;
    let clock = EpochClock::start(engine.clone())?;
    let source = Source {
        engine,
        shared,
        max_memory,
        stop,
        alive,
    };
    Ok((Handler::new(source, code), clock))
}

fn shared(startup: &Startup, component: &ComponentSettings, answers: Arc<AnswerHours>) -> Shared {
    let (manifest, config) = (&startup.manifest.component, &startup.runtime_config);
    let databases = Grants {
        granted: &manifest.sqlite_databases,
        files: &config.sqlite_databases,
    };
    let stores = Grants {
        granted: &manifest.key_value_stores,
        files: &config.key_value_stores,
    };
    let mut variables = component.variables.clone();
    // The component leaves the connections of those who wait to `serve::hold`.
    let is_held = variables.entry(CONNECTIONS_ARE_HELD.to_owned());
    is_held.or_insert("true".to_owned());
    variables.insert("started_us".to_owned(), now_us().to_string());
    let database = config.default_database().map(Path::to_owned);
    let report = move || host_report::report(database.as_deref(), &answers).to_text();
    let variables = Variables::new(variables).with_changing(HOST_REPORT, report);
    Shared::new(&databases, &stores, variables, compute_limit::cores())
}

async fn give_free_pages_back(shared: Arc<Shared>, stop: CancellationToken) {
    let back = shared.give_free_pages_back();
    _ = stop.run_until_cancelled(back).await;
}

async fn data_versions(shared: Arc<Shared>) -> Vec<Option<i64>> {
    shared.data_versions().await
}

/// What was written lately, read on a thread that may wait for the disk. Without a file, nobody else writes.
async fn news(reader: Option<Arc<Mutex<Reader>>>) -> News {
    let Some(reader) = reader else {
        return News::default();
    };
    let read = move || {
        let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.read(now_us())
    };
    let recent = tokio::task::spawn_blocking(read).await.ok();
    let is_incomplete = recent.as_ref().is_none_or(|recent| recent.is_incomplete);
    let changes = recent.into_iter().flat_map(|recent| recent.changes);
    News {
        publications: changes.filter_map(Publication::of_latest).collect(),
        is_incomplete,
    }
}
