//! Limits the bytes of request bodies in memory, so that many large pushes wait for each other
//! instead of exhausting the machine's memory. Memory is taken as a body arrives, never for what a
//! client announces. The first bytes of all bodies have a budget of their own, so that large bodies,
//! which may take minutes, delay no ordinary one.

use std::sync::Arc;

use crate::platform::memory_pool::{Pool, STEP_BYTES, Share};

/// Bytes of a body after which it is large.
const LARGE: usize = 4 << 20;
/// Bytes of large bodies in memory. One of them may exceed it.
const LARGE_BUDGET: u64 = 96 << 20;
/// Bytes of the beginnings of bodies in memory.
const ORDINARY_BUDGET: u64 = 48 << 20;

/// Clones share the budget.
#[derive(Clone)]
pub struct BodyBudget {
    ordinary: Arc<Pool>,
    large: Arc<Pool>,
}

/// The memory of one body, until it is dropped.
pub struct BodyMemory {
    ordinary: Share,
    large: Share,
    bytes: usize,
}

impl BodyBudget {
    pub fn new() -> Self {
        Self {
            ordinary: Pool::new(ORDINARY_BUDGET),
            large: Pool::new(LARGE_BUDGET),
        }
    }

    /// Memory for a body of which nothing has arrived.
    pub fn start(&self) -> BodyMemory {
        BodyMemory {
            ordinary: Share::of(&self.ordinary),
            large: Share::of(&self.large),
            bytes: 0,
        }
    }
}

impl BodyMemory {
    /// Waits for memory for [`STEP_BYTES`] more. The first is not counted.
    pub async fn grow(&mut self) {
        match self.bytes {
            0 => {}
            1..LARGE => self.ordinary.grow(1).await,
            LARGE.. => self.large.grow(1).await,
        }
        self.bytes += STEP_BYTES;
    }

    /// Whether another body waits for memory that this one has.
    pub fn is_wanted(&self) -> bool {
        self.ordinary.is_wanted() || self.large.is_wanted()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn grows(memory: &mut BodyMemory) -> bool {
        let short = Duration::from_millis(50);
        timeout(short, memory.grow()).await.is_ok()
    }

    async fn arrived(budget: &BodyBudget, bytes: u64) -> BodyMemory {
        let mut memory = budget.start();
        for _ in 0..bytes / STEP_BYTES as u64 {
            memory.grow().await;
        }
        memory
    }

    #[tokio::test]
    async fn the_first_step_of_a_body_is_not_counted() {
        let budget = BodyBudget::new();
        let free = budget.ordinary.free_steps();
        let mut memory = arrived(&budget, STEP_BYTES as u64).await;
        assert_eq!(budget.ordinary.free_steps(), free);
        memory.grow().await;
        assert_eq!(budget.ordinary.free_steps(), free - 1);
        drop(memory);
        assert_eq!(budget.ordinary.free_steps(), free);
    }

    #[tokio::test]
    async fn of_the_bodies_that_need_more_than_is_left_one_gets_it_and_the_others_wait() {
        let budget = BodyBudget::new();
        let mut first = arrived(&budget, LARGE_BUDGET).await;
        let mut second = arrived(&budget, LARGE as u64 * 2).await;
        assert!(grows(&mut second).await && !first.is_wanted());
        let mut waiting = std::pin::pin!(first.grow());
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
        assert!(second.is_wanted());
        drop(second);
        waiting.await;
    }

    #[tokio::test]
    async fn large_bodies_delay_no_ordinary_one() {
        let budget = BodyBudget::new();
        let mut large = arrived(&budget, LARGE_BUDGET + 2 * LARGE as u64).await;
        assert!(grows(&mut large).await);
        let mut other = arrived(&budget, LARGE as u64 - STEP_BYTES as u64).await;
        assert!(grows(&mut other).await);
    }
}
