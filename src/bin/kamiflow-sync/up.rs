//! `up`: from a plan to a serving socket, and back down.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
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
use crate::serve::{banner, compute_limit, listener, log, metrics_server, open_files, signals};

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
    open_files::raise_limit();
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

async fn serve(plan: &Plan) -> Result<()> {
    let listener = listener::bind(plan.address).await?;
    let (stop, alive) = (CancellationToken::new(), TaskTracker::new());
    let metrics = match plan.metrics_address {
        Some(address) => {
            Some(metrics_server::start(address, plan.data_file(), stop.clone()).await?)
        }
        None => None,
    };
    let (metrics, metrics_address) = metrics.unzip();
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
