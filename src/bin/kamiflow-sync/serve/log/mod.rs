//! The log: lines of JSON on standard error.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs events of this program from `level` on, and those of libraries from warnings on.
pub fn start(level: Level) {
    let filter = Targets::new()
        .with_default(level.min(Level::WARN))
        .with_target(env!("CARGO_BIN_NAME").replace('-', "_"), level);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .init();
}
