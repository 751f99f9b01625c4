//! The state of one instance: the handles that its guest has open.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::connection::GuestConnection;
use super::handles::Handles;
use super::instance_memory::{InstanceMemory, MemoryInUse};
use super::shared::Shared;
use super::stores::{CompareAndSwap, KeyValueStore};
use super::turns::Turn;

pub struct PlatformState {
    pub(super) shared: Arc<Shared>,
    pub(super) connections: Handles<GuestConnection>,
    pub(super) stores: Handles<KeyValueStore>,
    pub(super) swaps: Handles<CompareAndSwap>,
    pub(super) memory: InstanceMemory,
    pub(super) column_names: ColumnNames,
    pub(super) turn: Arc<Turn>,
}

/// Whether the rows of a query come with the names of their columns, each of which is a text to copy.
#[derive(Clone, Copy, PartialEq)]
pub enum ColumnNames {
    /// As on Spin.
    Sent,
    /// For a guest that goes by their order.
    LeftOut,
}

impl PlatformState {
    /// For an instance with at most `max_memory` bytes of memory.
    pub fn new(shared: Arc<Shared>, max_memory: usize) -> Self {
        let memory = InstanceMemory::new(max_memory, &shared.memory);
        Self {
            shared,
            connections: Handles::new(),
            stores: Handles::new(),
            swaps: Handles::new(),
            memory,
            column_names: ColumnNames::Sent,
            turn: Arc::default(),
        }
    }

    /// The guest goes by the order of columns.
    pub fn leave_column_names_out(&mut self) {
        self.column_names = ColumnNames::LeftOut;
    }

    /// Begins a request. `out_of_memory` is set when it needs more memory than an
    /// instance may have, `no_room`, for one that may not wait for memory, when it would have to.
    pub fn begin_request(
        &mut self,
        out_of_memory: Arc<AtomicBool>,
        no_room: Option<Arc<AtomicBool>>,
    ) {
        self.memory.begin_request(out_of_memory, no_room);
    }

    /// Whether the request in progress may not wait for memory, and would have had to.
    #[cfg(feature = "wasi-0-3")]
    pub fn has_no_room(&self) -> bool {
        self.memory.has_no_room()
    }

    pub fn memory_in_use(&self) -> MemoryInUse {
        self.memory.in_use()
    }

    pub fn turn(&self) -> Arc<Turn> {
        self.turn.clone()
    }

    /// Waits for the next turn of a long request; `None` when others wait for it.
    pub fn next_turn(&mut self) -> Option<impl Future<Output = ()> + Send + use<>> {
        if self.is_writing() {
            None
        } else {
            Some(self.shared.turns.next(self.turn()))
        }
    }

    /// Whether others wait for the instance, because it has the write lock of a database.
    fn is_writing(&mut self) -> bool {
        let mut connections = self.connections.iter_mut();
        connections.any(|connection| connection.is_writing())
    }

    /// Waits for memory for a growth from `current` to `desired` bytes. Returns whether the instance
    /// may have so much.
    pub async fn grow_memory(&mut self, current: usize, desired: usize) -> bool {
        let may_wait = !self.is_writing();
        self.memory.grow(current, desired, may_wait).await
    }
}
