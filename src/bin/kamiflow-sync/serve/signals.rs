//! SIGINT (Ctrl-C) and SIGTERM: the first one starts a graceful stop, the second one exits at once.
//! They are handled because process 1 of a container ignores a signal that has no handler. SIGXFSZ is, so that a file which may not
//! grow (`ulimit -f`, systemd's `LimitFSIZE=`) fails a push instead of ending the server.

use anyhow::{Context, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::service_manager;

/// Exit codes, by convention 128 plus the number of the signal.
const AFTER_SIGINT: i32 = 130;
const AFTER_SIGTERM: i32 = 143;

/// Cancels `stop` on the first signal and exits on the second.
pub fn watch(stop: CancellationToken) -> Result<()> {
    let mut signals = Signals::listen()?;
    tokio::spawn(async move {
        signals.next().await;
        tracing::info!("stopping");
        service_manager::stopping();
        stop.cancel();
        std::process::exit(signals.next().await);
    });
    Ok(())
}

/// Both signals, from when this exists.
pub struct Signals {
    interrupts: Signal,
    terminations: Signal,
    /// Nobody waits for it: the write fails as well.
    _file_size_limits: Signal,
}

/// On Linux, on every processor that the program is built for.
const SIGXFSZ: i32 = 25;

impl Signals {
    /// To be called inside a runtime.
    pub fn listen() -> Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupts: listen(SignalKind::interrupt())?,
            terminations: listen(SignalKind::terminate())?,
            _file_size_limits: listen(SignalKind::from_raw(SIGXFSZ))?,
        })
    }

    /// Waits for the next signal, and returns the exit code for it.
    pub async fn next(&mut self) -> i32 {
        tokio::select! {
            _ = self.interrupts.recv() => AFTER_SIGINT,
            _ = self.terminations.recv() => AFTER_SIGTERM,
        }
    }
}
