//! SIGINT (Ctrl-C) and SIGTERM: the first one starts a graceful stop, the second one exits at once.
//! They are handled because process 1 of a container ignores a signal that has no handler.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::service_manager;

/// Exit codes, by convention 128 plus the number of the signal.
const AFTER_SIGINT: i32 = 130;
const AFTER_SIGTERM: i32 = 143;

/// Cancels `stop` on the first signal and exits on the second.
pub fn watch(stop: CancellationToken) -> Result<()> {
    let listen = |kind| signal(kind).context("cannot listen for signals");
    let mut interrupts = listen(SignalKind::interrupt())?;
    let mut terminations = listen(SignalKind::terminate())?;
    tokio::spawn(async move {
        next(&mut interrupts, &mut terminations).await;
        tracing::info!("stopping");
        service_manager::stopping();
        stop.cancel();
        std::process::exit(next(&mut interrupts, &mut terminations).await);
    });
    Ok(())
}

async fn next(interrupts: &mut Signal, terminations: &mut Signal) -> i32 {
    tokio::select! {
        _ = interrupts.recv() => AFTER_SIGINT,
        _ = terminations.recv() => AFTER_SIGTERM,
    }
}
