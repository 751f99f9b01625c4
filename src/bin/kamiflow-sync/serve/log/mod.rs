//! The log: lines of JSON on standard error.

mod lost;
mod queue;

use std::time::Duration;

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use queue::LogQueue;

/// How long the end of the program waits for whoever reads the log.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Waits for the last lines when it is dropped.
#[must_use]
pub struct Log(LogQueue);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush(LAST_LINES);
    }
}

/// Logs events of this program from `level` on, and those of libraries from warnings on.
pub fn start(level: Level) -> std::io::Result<Log> {
    let filter = Targets::new()
        .with_default(level.min(Level::WARN))
        .with_target(env!("CARGO_BIN_NAME").replace('-', "_"), level);
    let queue = LogQueue::default();
    queue.write_to(std::io::stderr())?;
    let log = Log(queue.clone());
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_writer(move || queue.clone());
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .init();
    Ok(log)
}
