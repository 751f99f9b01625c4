//! The life of the server: it starts, serves until a signal, and closes its databases.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use anyhow::Result;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::background;
use super::guests::{guests, shared};
use crate::commands::healthcheck;
use crate::config::startup::{ComponentSettings, Startup};
use crate::platform::Shared;
use crate::serve::answer_hours::AnswerHours;
use crate::serve::banner::{self, Banner};
use crate::serve::counts::Counts;
use crate::serve::hold::Holder;
use crate::serve::metrics::Metrics;
use crate::serve::open_files::Connections;
use crate::serve::service::Service;
use crate::serve::slots::ConnectionSlots;
use crate::serve::{listener, metrics_server, service_manager, signals};

/// How long instances may take to end after the last request.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// Between two looks whether the databases are closed.
const CLOSED_INTERVAL: Duration = Duration::from_millis(20);

/// A server whose socket is open.
struct Server {
    listener: TcpListener,
    metrics: Option<SocketAddr>,
    slots: ConnectionSlots,
    service: Service,
    stop: CancellationToken,
    /// Tracks what must end before the databases are closed.
    alive: TaskTracker,
    /// Gone when the databases are closed.
    shared: Weak<Shared>,
}

/// Serves until a signal. Returns whether the databases are closed.
pub async fn serve(
    startup: &Startup,
    component: &ComponentSettings,
    connections: Connections,
) -> Result<bool> {
    let server = Server::start(startup, component, connections).await?;
    signals::watch(server.stop.clone())?;
    server.announce(startup, component)?;
    listener::serve(server.listener, server.slots, server.service, server.stop).await;
    Ok(close(server.alive, server.shared).await)
}

impl Server {
    async fn start(
        startup: &Startup,
        component: &ComponentSettings,
        connections: Connections,
    ) -> Result<Self> {
        let listener = listener::bind(startup.address, "PORT").await?;
        let (stop, alive) = (CancellationToken::new(), TaskTracker::new());
        let (metrics, metrics_address) = metrics(startup, stop.clone()).await?.unzip();
        let counts = Counts {
            metrics,
            answers: Arc::new(AnswerHours::new()),
        };
        let shared = Arc::new(shared(startup, component, counts.answers.clone()));
        let (handler, clock) = guests(startup, component, &shared, &stop, &alive)?;
        let holder = Holder::new(connections.waiting, counts.waiting(), stop.clone());
        background::spawn(startup, &shared, holder.clone(), &stop, &alive);
        let slots = ConnectionSlots::new(connections.slots);
        let service = Service::new(
            handler,
            component.max_body,
            component.trusted_proxies.clone(),
            slots.clone(),
            clock,
            counts,
            holder,
        );
        Ok(Self {
            listener,
            metrics: metrics_address,
            slots,
            service,
            stop,
            alive,
            shared: Arc::downgrade(&shared),
        })
    }

    /// Tells the person at the terminal and the service manager that the server is ready.
    fn announce(&self, startup: &Startup, component: &ComponentSettings) -> Result<()> {
        let address = self.listener.local_addr()?;
        let database = startup.runtime_config.default_database();
        banner::print(Banner {
            address,
            has_dashboard: component.has_dashboard,
            data: database.map(Path::to_owned),
            key: component.key_source.clone(),
            metrics: self.metrics,
        })?;
        service_manager::ready(address);
        // From now on the server is alive whenever it answers.
        let url = healthcheck::url(address);
        let check = move |timeout| healthcheck::ask(&url, timeout).map(drop);
        Ok(service_manager::watch(check, self.stop.clone())?)
    }
}

async fn metrics(
    startup: &Startup,
    stop: CancellationToken,
) -> Result<Option<(Arc<Metrics>, SocketAddr)>> {
    let Some(address) = startup.metrics_address else {
        return Ok(None);
    };
    let database = startup.runtime_config.default_database();
    metrics_server::start(address, database, stop)
        .await
        .map(Some)
}

/// Returns whether everything ended in time.
async fn close(alive: TaskTracker, shared: Weak<Shared>) -> bool {
    alive.close();
    let closed = async { tokio::join!(alive.wait(), closed(&shared)) };
    let is_closed = tokio::time::timeout(SHUTDOWN_GRACE, closed).await.is_ok();
    if !is_closed {
        tracing::warn!("an instance was still busy when the server stopped");
    }
    is_closed
}

/// Waits for the tasks that have the databases open, of which some end just after their instance. They are looked at
/// again and again, since those on blocking threads of a request that was given up are nobody's to wait for.
async fn closed(shared: &Weak<Shared>) {
    while shared.strong_count() > 0 {
        tokio::time::sleep(CLOSED_INTERVAL).await;
    }
}
