//! Limits the bytes of request bodies in flight, so that many large pushes wait for each other
//! instead of exhausting the machine's memory. They wait first come, first served. Large bodies may
//! take minutes to arrive, so ordinary ones have a budget of their own.

use std::sync::Arc;

use http_body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bodies of fewer bytes are not counted.
const SMALL: u64 = 64 << 10;
/// Bodies of at least this many bytes are large.
const LARGE: u64 = 4 << 20;
/// Bytes per permit; one request can take up to 2^32 permits of a semaphore.
const UNIT: u64 = 1 << 10;
/// Bytes of large bodies in flight, at least.
const MIN_LARGE_BUDGET: u64 = 256 << 20;
/// Bytes of ordinary bodies in flight.
const ORDINARY_BUDGET: u64 = 32 << 20;

/// Clones share the budget.
#[derive(Clone, Debug)]
pub struct BodyBudget {
    large: Arc<Semaphore>,
    ordinary: Arc<Semaphore>,
    max_body: u64,
}

impl BodyBudget {
    /// For bodies of up to `max_body` bytes, two of which always fit.
    pub fn new(max_body: u64) -> Self {
        Self {
            large: semaphore(MIN_LARGE_BUDGET.max(2 * max_body)),
            ordinary: semaphore(ORDINARY_BUDGET),
            max_body,
        }
    }

    /// Waits until `body` fits into the budget; `None` when it is not counted.
    pub async fn reserve(&self, body: &impl Body) -> Option<OwnedSemaphorePermit> {
        let weight = self.weight(body)?;
        let budget = if weight < LARGE {
            &self.ordinary
        } else {
            &self.large
        };
        let units = u32::try_from(weight / UNIT).unwrap_or(u32::MAX);
        budget.clone().acquire_many_owned(units).await.ok()
    }

    /// A body of unknown length counts as the largest allowed one. A declared length above that is
    /// not counted, because the component refuses the request before it reads the body.
    fn weight(&self, body: &impl Body) -> Option<u64> {
        let length = body.size_hint().exact().unwrap_or(self.max_body);
        (SMALL..=self.max_body).contains(&length).then_some(length)
    }
}

fn semaphore(bytes: u64) -> Arc<Semaphore> {
    let units = usize::try_from(bytes / UNIT).unwrap_or(usize::MAX);
    Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)))
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
    async fn a_large_body_waits_for_another_and_does_not_delay_an_ordinary_one() {
        let budget = BodyBudget::new(MIN_LARGE_BUDGET);
        let one = budget.large.clone().acquire_many_owned(2 << 18).await;
        let other = budget.clone();
        let waiting = tokio::spawn(async move { other.reserve(&body(4 * MIB)).await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        assert!(budget.reserve(&body(MIB)).await.is_some());
        drop(one);
        assert!(waiting.await.unwrap().is_some());
    }
}
