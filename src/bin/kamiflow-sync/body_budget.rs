//! Bounds the bytes of request bodies in flight, so that many large pushes wait for each
//! other instead of exhausting the memory of the machine.

use std::sync::Arc;

use http_body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies below this many bytes are not counted.
const SMALL: u64 = 64 << 10;
/// Bytes per permit; the semaphore counts up to 2^32 of them in one request.
const UNIT: u64 = 1 << 10;
/// Bytes in flight that are always allowed.
const LEAST: u64 = 256 << 20;

/// The memory for bodies in flight.
#[derive(Clone, Debug)]
pub struct BodyBudget {
    units: Arc<Semaphore>,
    max_body: u64,
}

impl BodyBudget {
    /// A budget for bodies of up to `max_body` bytes, two of which always fit.
    pub fn new(max_body: u64) -> Self {
        let units = usize::try_from(LEAST.max(2 * max_body) / UNIT).unwrap_or(usize::MAX);
        let units = Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)));
        Self { units, max_body }
    }

    /// Waits for the share that `body` needs; `None` when it needs none.
    pub async fn reserve(&self, body: &impl Body) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(self.weight(body)? / UNIT).unwrap_or(u32::MAX);
        self.units.clone().acquire_many_owned(units).await.ok()
    }

    /// A body of unknown length counts as the largest that is allowed. One that declares
    /// more than that is refused by the component before it is read.
    fn weight(&self, body: &impl Body) -> Option<u64> {
        let length = body.size_hint().exact().unwrap_or(self.max_body);
        (SMALL..=self.max_body).contains(&length).then_some(length)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;

    use super::*;

    const MIB: usize = 1 << 20;

    fn body(length: usize) -> Full<bytes::Bytes> {
        Full::new(vec![0; length].into())
    }

    #[test]
    fn small_and_refused_bodies_are_not_counted() {
        let budget = BodyBudget::new(MIB as u64);
        assert_eq!(budget.weight(&body(0)), None);
        assert_eq!(budget.weight(&body(2 * MIB)), None);
        assert_eq!(budget.weight(&body(MIB)), Some(MIB as u64));
    }

    #[tokio::test]
    async fn a_body_waits_until_another_is_done() {
        let budget = BodyBudget::new(LEAST);
        let one = budget.units.clone().acquire_many_owned(2 << 18).await;
        let other = budget.clone();
        let waiting = tokio::spawn(async move { other.reserve(&body(MIB)).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(one);
        assert!(waiting.await.unwrap().is_some());
    }
}
