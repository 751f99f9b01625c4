//! The memory that one instance takes: its own, and that of results on their way to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use super::memory_pool::{Pool, STEP_BYTES, Share};

/// Bytes of all instances together beyond [`UNCOUNTED`] of each. One of them may exceed it.
pub const BUDGET: u64 = 160 << 20;
/// Bytes of an instance that are not counted: more than most requests need, so these never wait.
pub const UNCOUNTED: usize = 2 << 20;

/// Bytes of WebAssembly memory that an instance has.
pub type MemoryInUse = Arc<AtomicUsize>;

#[derive(Debug)]
pub struct InstanceMemory {
    /// Bytes, of all memories together.
    max: usize,
    in_use: MemoryInUse,
    share: Share,
    /// Steps for a result that is on its way.
    reserved: u32,
    /// Set when the instance needs more than `max`.
    out_of_memory: Arc<AtomicBool>,
    /// Of a request that may not wait for memory: set when it would have to.
    no_room: Option<Arc<AtomicBool>>,
}

impl InstanceMemory {
    /// At most `max` bytes, of which those that are counted come from `pool`.
    pub fn new(max: usize, pool: &Arc<Pool>) -> Self {
        Self {
            max,
            in_use: MemoryInUse::default(),
            share: Share::of(pool),
            reserved: 0,
            out_of_memory: Arc::default(),
            no_room: None,
        }
    }

    pub fn in_use(&self) -> MemoryInUse {
        self.in_use.clone()
    }

    pub fn begin_request(
        &mut self,
        out_of_memory: Arc<AtomicBool>,
        no_room: Option<Arc<AtomicBool>>,
    ) {
        self.out_of_memory = out_of_memory;
        self.no_room = no_room;
    }

    /// Whether the request in progress would have had to wait.
    #[cfg(any(test, feature = "wasi-0-3"))]
    pub fn has_no_room(&self) -> bool {
        let no_room = self.no_room.as_ref();
        no_room.is_some_and(|no_room| no_room.load(Relaxed))
    }

    /// Waits for memory for a growth from `current` to `desired` bytes. An instance that others wait
    /// for, because it has the write lock, may not wait. Returns whether the limit allows it, and there
    /// is room for a request that may not wait.
    pub async fn grow(&mut self, current: usize, desired: usize, may_wait: bool) -> bool {
        let before = self.in_use.load(Relaxed);
        let total = before - current + desired;
        if total > self.max {
            self.out_of_memory.store(true, Relaxed);
            return false;
        }
        let steps = counted_steps(total) - counted_steps(before);
        match may_wait {
            _ if steps == 0 => {}
            true if !self.wait_for(steps).await => return false,
            true => {}
            false => _ = self.share.grow_if_free(steps),
        }
        self.in_use.store(total, Relaxed);
        true
    }

    /// Waits for memory for a result on its way to the instance, until [`Self::release`]. Returns whether
    /// there is room for a request that may not wait.
    pub async fn reserve(&mut self, bytes: usize) -> bool {
        let steps = steps(bytes);
        let has_room = self.wait_for(steps).await;
        self.reserved += if has_room { steps } else { 0 };
        has_room
    }

    async fn wait_for(&mut self, steps: u32) -> bool {
        if self.share.grow_if_free(steps) {
            return true;
        }
        if let Some(no_room) = &self.no_room {
            no_room.store(true, Relaxed);
            return false;
        }
        self.share.grow(steps).await;
        true
    }

    /// The instance has taken the result in.
    pub fn release(&mut self) {
        self.share.shrink(std::mem::take(&mut self.reserved));
    }
}

fn steps(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(STEP_BYTES)).unwrap_or(u32::MAX)
}

fn counted_steps(bytes: usize) -> u32 {
    steps(bytes.saturating_sub(UNCOUNTED))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn the_limit_applies_to_all_memories_of_an_instance_together() {
        let pool = Pool::new(BUDGET);
        let mut memory = InstanceMemory::new(100, &pool);
        let out_of_memory = Arc::new(AtomicBool::new(false));
        memory.begin_request(out_of_memory.clone(), None);
        assert!(memory.grow(0, 60, true).await);
        assert!(!out_of_memory.load(Relaxed));
        assert!(!memory.grow(0, 60, true).await);
        assert!(out_of_memory.load(Relaxed));
        assert!(memory.grow(60, 100, true).await);
        assert_eq!(memory.in_use().load(Relaxed), 100);
    }

    #[tokio::test]
    async fn large_instances_wait_for_each_other_and_small_ones_and_writers_for_none() {
        let pool = Pool::new(8 * STEP_BYTES as u64);
        let [mut first, mut second, mut small, mut writer] =
            [(); 4].map(|()| InstanceMemory::new(1 << 30, &pool));
        // The first one exceeds the budget, and nothing is left of it.
        assert!(first.grow(0, UNCOUNTED + 8 * STEP_BYTES, true).await);
        assert!(first.grow(0, UNCOUNTED + 80 * STEP_BYTES, true).await);
        let mut waiting = Box::pin(second.grow(0, UNCOUNTED + STEP_BYTES, true));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
        assert!(small.grow(0, UNCOUNTED, true).await);
        assert!(writer.grow(0, UNCOUNTED + STEP_BYTES, false).await);
        drop(first);
        assert!(waiting.await);
    }

    #[tokio::test]
    async fn a_request_that_may_not_wait_is_told_that_there_is_no_room() {
        let pool = Pool::new(8 * STEP_BYTES as u64);
        let [mut first, mut second] = [(); 2].map(|()| InstanceMemory::new(1 << 30, &pool));
        assert!(first.grow(0, UNCOUNTED + 6 * STEP_BYTES, true).await);
        second.begin_request(Arc::default(), Some(Arc::default()));
        assert!(second.grow(0, UNCOUNTED + 2 * STEP_BYTES, true).await);
        assert!(!second.has_no_room());
        assert!(!second.reserve(STEP_BYTES).await);
        assert!(second.has_no_room());
        assert!(
            !second
                .grow(UNCOUNTED + 2 * STEP_BYTES, UNCOUNTED + 3 * STEP_BYTES, true)
                .await
        );
        drop(first);
        second.begin_request(Arc::default(), Some(Arc::default()));
        assert!(second.reserve(STEP_BYTES).await && !second.has_no_room());
    }

    #[tokio::test]
    async fn memory_for_a_result_is_free_again_when_the_instance_has_it() {
        let pool = Pool::new(8 * STEP_BYTES as u64);
        let mut memory = InstanceMemory::new(1 << 30, &pool);
        assert!(memory.grow(0, UNCOUNTED + STEP_BYTES, true).await);
        memory.reserve(3 * STEP_BYTES).await;
        memory.reserve(2 * STEP_BYTES).await;
        assert_eq!(pool.free_steps(), 2);
        memory.release();
        memory.release();
        assert_eq!(pool.free_steps(), 7);
    }
}
