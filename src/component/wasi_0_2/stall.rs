//! Waits for a client, but not for ever.

use crate::component::bindings::wasi::clocks::monotonic_clock::subscribe_duration;
use crate::component::bindings::wasi::io::poll::{Pollable, poll};
use crate::component::body_timeout;

/// The client has neither sent nor taken anything for too long.
pub struct Stalled;

/// Waits for the client.
pub fn wait(client: &Pollable) -> Result<(), Stalled> {
    let Some(timeout) = body_timeout() else {
        client.block();
        return Ok(());
    };
    let timer = subscribe_duration(timeout.as_nanos() as u64);
    if poll(&[client, &timer]).contains(&0) {
        Ok(())
    } else {
        Err(Stalled)
    }
}
