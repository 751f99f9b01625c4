//! What instances are made from.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wasmtime::{Engine, Store};

use super::state::GuestState;
use crate::platform::Shared;

/// Bytes. An instance with more memory is dropped after its request, because WebAssembly memory never
/// shrinks.
const MAX_REUSED_MEMORY: usize = 8 << 20;
/// Requests per instance, so that a slow leak in a guest stays small.
const MAX_REQUESTS: usize = 100_000;

/// What the instances of a component have in common, besides its code.
pub struct Source {
    pub engine: Engine,
    pub shared: Arc<Shared>,
    /// Bytes of memory per instance.
    pub max_memory: usize,
    /// Cancelled when the server stops. Idle instances are then dropped at once.
    pub stop: CancellationToken,
    /// Tracks the instances that exist.
    pub alive: TaskTracker,
}

impl Source {
    /// A store for a new instance.
    pub fn store(&self) -> Store<GuestState> {
        let (shared, alive) = (self.shared.clone(), self.alive.token());
        GuestState::store(&self.engine, shared, self.max_memory, alive)
    }
}

/// Whether an instance with so many bytes of memory serves another request after these.
pub fn is_reusable(memory: usize, requests: usize) -> bool {
    memory <= MAX_REUSED_MEMORY && requests < MAX_REQUESTS
}
