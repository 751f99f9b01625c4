//! Notifies systemd that the server is ready, alive, stopping (`Type=notify`).
//!
//! Nothing is sent where systemd did not start the server, that is, without `NOTIFY_SOCKET`.

use std::net::SocketAddr;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use anyhow::Result;
use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;

/// Checks within the time after which systemd kills a silent server: one that fails is not the end.
const CHECKS: u32 = 3;

/// Says that the server listens and can be asked.
pub fn ready(address: SocketAddr) {
    let status = format!("Serving http://{address}");
    send(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// Says that the requests in progress are the last ones.
pub fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// Says that the server is alive each time `check` has passed, until `stop` is cancelled. A check may take
/// the whole interval, so that a server with much to do is not treated as one that hangs. It runs on a
/// thread of its own, because the others may be what hangs.
pub fn watch(
    check: impl Fn(Duration) -> Result<()> + Send + 'static,
    stop: CancellationToken,
) -> std::io::Result<()> {
    let Some(timeout) = sd_notify::watchdog_enabled() else {
        return Ok(());
    };
    let interval = timeout / CHECKS;
    let thread = Builder::new().name("watchdog".to_owned());
    thread.spawn(move || {
        while !stop.is_cancelled() {
            let began = Instant::now();
            match check(interval) {
                Ok(()) => send(&[NotifyState::Watchdog]),
                Err(_) if stop.is_cancelled() => {}
                Err(error) => tracing::warn!(
                    error = format!("{error:#}"),
                    "own health check got no answer; watchdog not notified"
                ),
            }
            thread::sleep(interval.saturating_sub(began.elapsed()));
        }
    })?;
    Ok(())
}

fn send(states: &[NotifyState]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot notify systemd");
    }
}
