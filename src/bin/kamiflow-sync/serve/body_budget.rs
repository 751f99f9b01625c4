//! Limits the bytes of request bodies in memory, so that many large pushes wait for each other
//! instead of exhausting the machine's memory. Memory is taken as a body arrives, never for what a
//! client announces. The first bytes of all bodies have a budget of their own, so that large bodies,
//! which may take minutes, delay no ordinary one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that are taken at a time.
pub const STEP: usize = 64 << 10;
/// Bytes of a body after which it is large.
const LARGE: usize = 4 << 20;
/// Bytes of large bodies in memory, at least.
const MIN_LARGE_BUDGET: u64 = 256 << 20;
/// Bytes of the beginnings of bodies in memory.
const ORDINARY_BUDGET: u64 = 64 << 20;

/// Clones share the budget.
#[derive(Clone)]
pub struct BodyBudget {
    ordinary: Arc<Pool>,
    large: Arc<Pool>,
}

/// One permit is a [`STEP`].
struct Pool {
    free: Arc<Semaphore>,
    /// Its holder takes what it needs, whatever is free. So of several bodies that have a part of
    /// the budget and need more, one always gets to its end.
    overdraft: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// The memory of one body, until it is dropped.
pub struct BodyMemory {
    ordinary: Share,
    large: Share,
    bytes: usize,
}

struct Share {
    pool: Arc<Pool>,
    permits: Vec<OwnedSemaphorePermit>,
    is_overdrawn: bool,
}

/// Counts one that waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl BodyBudget {
    /// For bodies of up to `max_body` bytes, two of which always fit.
    pub fn new(max_body: u64) -> Self {
        Self {
            ordinary: Pool::new(ORDINARY_BUDGET),
            large: Pool::new(MIN_LARGE_BUDGET.max(max_body.saturating_mul(2))),
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
    /// Waits for memory for another [`STEP`]. The first is not counted.
    pub async fn grow(&mut self) {
        match self.bytes {
            0 => {}
            1..LARGE => self.ordinary.grow().await,
            LARGE.. => self.large.grow().await,
        }
        self.bytes += STEP;
    }

    /// Whether another body waits for memory that this one has.
    pub fn is_wanted(&self) -> bool {
        self.ordinary.is_wanted() || self.large.is_wanted()
    }
}

impl Share {
    fn of(pool: &Arc<Pool>) -> Self {
        Self {
            pool: pool.clone(),
            permits: Vec::new(),
            is_overdrawn: false,
        }
    }

    async fn grow(&mut self) {
        if self.is_overdrawn {
            return;
        }
        let _waiting = Waiting::count(&self.pool.waiting);
        let permit = tokio::select! {
            biased;
            free = self.pool.free.clone().acquire_owned() => free,
            overdraft = self.pool.overdraft.clone().acquire_owned() => {
                self.is_overdrawn = true;
                overdraft
            }
        };
        self.permits.extend(permit);
    }

    fn is_wanted(&self) -> bool {
        !self.permits.is_empty() && self.pool.waiting.load(Relaxed) > 0
    }
}

impl Pool {
    fn new(bytes: u64) -> Arc<Self> {
        let steps = usize::try_from(bytes / STEP as u64).unwrap_or(usize::MAX);
        Arc::new(Self {
            free: Arc::new(Semaphore::new(steps.min(Semaphore::MAX_PERMITS))),
            overdraft: Arc::new(Semaphore::new(1)),
            waiting: AtomicUsize::new(0),
        })
    }
}

impl<'a> Waiting<'a> {
    fn count(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
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
        for _ in 0..bytes / STEP as u64 {
            memory.grow().await;
        }
        memory
    }

    #[tokio::test]
    async fn the_first_step_of_a_body_is_not_counted() {
        let budget = BodyBudget::new(0);
        let free = budget.ordinary.free.available_permits();
        let mut memory = arrived(&budget, STEP as u64).await;
        assert_eq!(budget.ordinary.free.available_permits(), free);
        memory.grow().await;
        assert_eq!(budget.ordinary.free.available_permits(), free - 1);
        drop(memory);
        assert_eq!(budget.ordinary.free.available_permits(), free);
    }

    #[tokio::test]
    async fn of_the_bodies_that_need_more_than_is_left_one_gets_it_and_the_others_wait() {
        let budget = BodyBudget::new(0);
        let mut first = arrived(&budget, MIN_LARGE_BUDGET).await;
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
        let budget = BodyBudget::new(0);
        let mut large = arrived(&budget, MIN_LARGE_BUDGET + 2 * LARGE as u64).await;
        assert!(grows(&mut large).await);
        let mut other = arrived(&budget, LARGE as u64 - STEP as u64).await;
        assert!(grows(&mut other).await);
    }
}
