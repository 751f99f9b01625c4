//! Memory that many share, counted in steps. Those that need more than is left wait for each other,
//! and one of them always gets to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of a step.
pub const STEP_BYTES: usize = 64 << 10;

/// One permit is for [`STEP_BYTES`].
#[derive(Debug)]
pub struct Pool {
    free: Arc<Semaphore>,
    /// Its holder takes what it needs, whatever is free. So of several that have a part of the pool
    /// and need more, one always gets to its end.
    overdraft: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// What one of them has of the pool, until it is dropped.
#[derive(Debug)]
pub struct Share {
    pool: Arc<Pool>,
    permits: Option<OwnedSemaphorePermit>,
    overdraft: Option<OwnedSemaphorePermit>,
}

/// Counts one that waits, until it is dropped.
struct WaitCount<'a>(&'a AtomicUsize);

impl Pool {
    pub fn new(bytes: u64) -> Arc<Self> {
        let steps = usize::try_from(bytes / STEP_BYTES as u64).unwrap_or(usize::MAX);
        Arc::new(Self {
            free: Arc::new(Semaphore::new(steps.min(Semaphore::MAX_PERMITS))),
            overdraft: Arc::new(Semaphore::new(1)),
            waiting: AtomicUsize::new(0),
        })
    }

    /// Steps that nobody has.
    #[cfg(test)]
    pub fn free_steps(&self) -> usize {
        self.free.available_permits()
    }
}

impl Share {
    pub fn of(pool: &Arc<Pool>) -> Self {
        Self {
            pool: pool.clone(),
            permits: None,
            overdraft: None,
        }
    }

    /// Waits for this many steps more.
    pub async fn grow(&mut self, steps: u32) {
        if self.overdraft.is_some() {
            return;
        }
        let pool = self.pool.clone();
        let _waiting = WaitCount::count(&pool.waiting);
        tokio::select! {
            biased;
            free = pool.free.clone().acquire_many_owned(steps) => self.add(free.ok()),
            overdraft = pool.overdraft.clone().acquire_owned() => self.overdraft = overdraft.ok(),
        }
    }

    /// Takes this many steps more if they are free, and waits for none. Returns whether it has them.
    pub fn grow_if_free(&mut self, steps: u32) -> bool {
        let free = self.pool.free.clone().try_acquire_many_owned(steps);
        let has_them = free.is_ok() || self.overdraft.is_some();
        self.add(free.ok());
        has_them
    }

    fn add(&mut self, more: Option<OwnedSemaphorePermit>) {
        match (&mut self.permits, more) {
            (Some(permits), Some(more)) => permits.merge(more),
            (_, None) => {}
            (permits, more) => *permits = more,
        }
    }

    /// Gives this many steps back. One with an overdraft keeps everything to its end.
    pub fn shrink(&mut self, steps: u32) {
        if self.overdraft.is_none()
            && let Some(permits) = &mut self.permits
        {
            let steps = permits.num_permits().min(steps as usize);
            drop(permits.split(steps));
        }
    }

    /// Whether another waits for what this one has.
    pub fn is_wanted(&self) -> bool {
        self.permits.is_some() && self.pool.waiting.load(Relaxed) > 0
    }
}

impl<'a> WaitCount<'a> {
    fn count(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Relaxed);
        Self(waiting)
    }
}

impl Drop for WaitCount<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn of_those_that_need_more_than_is_left_one_gets_it_and_the_others_wait() {
        let pool = Pool::new(4 * STEP_BYTES as u64);
        let [mut one, mut two, mut three] = [(); 3].map(|()| Share::of(&pool));
        one.grow(2).await;
        two.grow(2).await;
        assert!(!two.is_wanted());
        one.grow(100).await;
        one.grow(100).await;
        let mut waiting = Box::pin(two.grow(1));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
        assert!(one.is_wanted());
        drop(one);
        waiting.await;
        three.grow(1).await;
        assert_eq!(pool.free_steps(), 0);
        drop(two);
        assert_eq!(pool.free_steps(), 3);
        three.shrink(1);
        three.grow_if_free(5);
        assert_eq!(pool.free_steps(), 4);
        three.grow_if_free(4);
        assert_eq!(pool.free_steps(), 0);
    }
}
