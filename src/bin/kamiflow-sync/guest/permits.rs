//! What a request holds until its guest has finished.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::epoch_clock::ClockGuard;

/// Dropped when the guest has returned, even if its client has disconnected before. So the permits
/// limit the work that guests really do.
pub struct Permits {
    /// Limits the requests inside guests. `None` while the guest waits for its client.
    concurrency: Mutex<Option<OwnedSemaphorePermit>>,
    limit: Arc<Semaphore>,
    /// Released with the permits.
    kept: Mutex<Vec<Box<dyn Send>>>,
    _clock: ClockGuard,
    /// Set when the guest was stopped because it computed for too long.
    pub out_of_time: Arc<AtomicBool>,
    /// Set when the guest needed more memory than it may have.
    pub out_of_memory: Arc<AtomicBool>,
    /// Of a request that may not wait for memory: set when it would have to.
    pub no_room: Option<Arc<AtomicBool>>,
}

impl Permits {
    /// Waits for a permit of `limit`, for a request that may wait for memory or not.
    pub async fn acquire(limit: Arc<Semaphore>, clock: ClockGuard, may_wait: bool) -> Arc<Self> {
        let permits = Self {
            concurrency: Mutex::default(),
            limit,
            kept: Mutex::default(),
            _clock: clock,
            out_of_time: Arc::default(),
            out_of_memory: Arc::default(),
            no_room: (!may_wait).then(Arc::default),
        };
        permits.resume().await;
        Arc::new(permits)
    }

    /// Whether the guest was stopped because it would have had to wait for memory.
    pub fn has_no_room(&self) -> bool {
        let no_room = self.no_room.as_ref();
        no_room.is_some_and(|no_room| no_room.load(Relaxed))
    }

    /// Gives the permit to others while the guest waits for its client.
    pub fn pause(&self) {
        drop(lock(&self.concurrency).take());
    }

    /// Waits until the guest may continue.
    pub async fn resume(&self) {
        let permit = self.limit.clone().acquire_owned().await;
        *lock(&self.concurrency) = permit.ok();
    }

    /// Keeps this as long as the permits.
    pub fn keep(&self, kept: impl Send + 'static) {
        lock(&self.kept).push(Box::new(kept));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
