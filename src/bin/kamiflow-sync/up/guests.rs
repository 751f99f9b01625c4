//! What instances of the component are made from, as the configuration says.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use kamiflow_sync_component::api::clock::now_us;
use kamiflow_sync_component::wire::host_report::HOST_REPORT;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::startup::{ComponentSettings, Startup};
use crate::guest::engine;
use crate::guest::epoch_clock::EpochClock;
use crate::guest::handler::Handler;
use crate::guest::source::Source;
use crate::platform::{CONNECTIONS_ARE_HELD, Grants, Shared, Variables};
use crate::serve::answer_hours::AnswerHours;
use crate::serve::{compute_limit, host_report};

/// The way into instances of the component, and the clock that interrupts them.
pub fn guests(
    startup: &Startup,
    component: &ComponentSettings,
    shared: &Arc<Shared>,
    stop: &CancellationToken,
    alive: &TaskTracker,
) -> Result<(Handler, EpochClock)> {
    let configured = startup.runtime_config.max_instance_memory;
    let max_memory = configured.unwrap_or_else(|| engine::required_memory(component.max_body));
    let (engine, code) = engine::load(&startup.manifest.component_file(), max_memory)?;
    let clock = EpochClock::start(engine.clone())?;
    let source = Source {
        engine,
        shared: shared.clone(),
        max_memory,
        stop: stop.clone(),
        alive: alive.clone(),
    };
    Ok((Handler::new(source, code), clock))
}

/// What the instances share: databases, stores and variables.
pub fn shared(
    startup: &Startup,
    component: &ComponentSettings,
    answers: Arc<AnswerHours>,
) -> Shared {
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
