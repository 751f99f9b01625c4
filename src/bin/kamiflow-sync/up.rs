//! `up`: from a plan to a serving socket, and back down.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cli::UpArgs;
use crate::config::environment::Environment;
use crate::config::startup::Plan;
use crate::config::{settings, volume};
use crate::database::prepare;
use crate::guest::epoch_clock::EpochClock;
use crate::guest::workers::Workers;
use crate::guest::{component_build, engine};
use crate::platform::{Grants, Shared};
use crate::serve::metrics::Metrics;
use crate::serve::service::Service;
use crate::serve::{banner, compute_limit, listener, log, metrics_server, signals};

/// How long instances may take to end after the last request.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Starts the server and runs it until a signal stops it.
///
/// # Errors
///
/// When it cannot start; each reason is one line.
pub fn run(args: &UpArgs) -> Result<()> {
    let environment = Environment::load(Path::new("."))?;
    log::start(settings::log_level(&environment)?);
    settings::warn_of_ignored(&environment);
    let plan = Plan::make(args, &environment)?;
    if settings::requires_persistence(&environment)? {
        for file in plan.config.files() {
            volume::require_persistent(&file)?;
        }
    }
    component_build::ensure_built(&plan.manifest, args.build)?;
    raise_file_limit();
    // More threads than cores, since a thread waits while SQLite waits for the disk.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((2 * compute_limit::cores()).max(4))
        // A guest that computes holds a thread for a whole tick of its clock, and as often as
        // this many turns of all threads somebody looks at the sockets.
        .event_interval(8)
        .enable_all()
        .build()?;
    runtime.block_on(serve(&plan))?;
    for file in plan.config.files() {
        if let Err(error) = prepare::checkpoint(&file) {
            tracing::warn!(file = %file.display(), %error, "no checkpoint");
        }
    }
    Ok(())
}

/// Takes all the file descriptors that the system lets it have: a common default of 1024 is
/// less than the connections of clients and to the database together.
fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

async fn serve(plan: &Plan) -> Result<()> {
    let listener = listen(plan.address).await?;
    let (stop, alive) = (CancellationToken::new(), TaskTracker::new());
    let counting = count(plan, &stop).await?;
    let (metrics, metrics_address) = counting.unzip();
    let service = service(plan, stop.clone(), alive.clone(), metrics)?;
    signals::watch(stop.clone())?;
    let address = listener.local_addr()?;
    // A server whose output nobody reads any more serves all the same.
    _ = banner::print(address, plan.data_file(), &plan.key, metrics_address);
    listener::serve(listener, service, stop).await;
    alive.close();
    if tokio::time::timeout(SHUTDOWN_GRACE, alive.wait())
        .await
        .is_err()
    {
        tracing::warn!("an instance was still busy when the server stopped");
    }
    Ok(())
}

/// Starts to serve metrics where the plan says so.
async fn count(
    plan: &Plan,
    stop: &CancellationToken,
) -> Result<Option<(Arc<Metrics>, SocketAddr)>> {
    let Some(address) = plan.metrics_address else {
        return Ok(None);
    };
    let metrics = Metrics::new(plan.data_file());
    let listener = listen(address).await?;
    let address = listener.local_addr()?;
    tokio::spawn(metrics_server::serve(
        listener,
        metrics.clone(),
        stop.clone(),
    ));
    Ok(Some((metrics, address)))
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| format!("cannot listen on {address}"))
}

fn service(
    plan: &Plan,
    stop: CancellationToken,
    alive: TaskTracker,
    metrics: Option<Arc<Metrics>>,
) -> Result<Service> {
    let configured = plan.config.max_instance_memory;
    let max_memory = configured.unwrap_or_else(|| engine::required_memory(plan.max_body));
    let engine = engine::engine(max_memory)?;
    let component = engine::load(&engine, &plan.manifest.component_file())?;
    let clock = EpochClock::start(engine.clone())?;
    let shared = Arc::new(shared(plan));
    let workers = Workers {
        engine,
        component,
        shared,
        max_memory,
        stop,
        alive,
    };
    Ok(Service::new(workers, plan.max_body, clock, metrics))
}

fn shared(plan: &Plan) -> Shared {
    let component = &plan.manifest.component;
    let databases = Grants {
        granted: &component.sqlite_databases,
        files: &plan.config.sqlite_databases,
    };
    let stores = Grants {
        granted: &component.key_value_stores,
        files: &plan.config.key_value_stores,
    };
    Shared::new(&databases, &stores, plan.variables.clone())
}
