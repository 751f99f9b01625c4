//! The pause before a container ends whose server has failed. Podman starts it again at once, many
//! times a second; Docker waits longer each time by itself, and forgets that after 10 s without a failure.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Result;
use tokio::time::timeout;

use super::signals::Signals;

const PAUSE: Duration = Duration::from_secs(5);

/// Waits in a container, until a signal ends the container or the pause is over. The reason has been
/// printed by then. A person at a terminal does not have to wait.
pub fn wait() -> Result<()> {
    if !is_in_container() || std::io::stderr().is_terminal() {
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut signals = Signals::listen()?;
        _ = timeout(PAUSE, signals.next()).await;
        Ok(())
    })
}

/// As its main process, or with the variable that Podman sets.
fn is_in_container() -> bool {
    std::process::id() == 1 || std::env::var_os("container").is_some()
}
