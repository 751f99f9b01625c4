//! One writer at a time per database file, in the order of asking.
//!
//! `SQLite`'s own busy handler polls with sleeps and is unfair: under load some writers
//! starve for seconds while they block a thread. Those who wait here hold no thread.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::group_commit::Joint;

/// How long a writer waits: the busy timeout of `rusqlite`, and so of Spin.
const PATIENCE: Duration = Duration::from_secs(5);

/// The queue of those who want to write to one file. Clones are the same queue.
#[derive(Clone, Debug)]
pub struct WriterQueue {
    writing: Arc<Mutex<Joint>>,
    patience: Duration,
}

/// The right to write alone; dropping it calls the next in the queue.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held to be dropped")] OwnedMutexGuard<Joint>);

impl WriterQueue {
    /// A queue in which nobody waits longer than `patience`.
    pub fn new(patience: Duration) -> Self {
        let writing = Arc::default();
        Self { writing, patience }
    }

    /// Waits for a turn on a connection of one's own; `None` when it does not come in time.
    pub async fn turn(&self) -> Option<Turn> {
        let mut joint = self.joint_turn().await?;
        joint.settle();
        Some(Turn(joint))
    }

    /// Waits for a turn on the joint connection; `None` when it does not come in time.
    pub async fn joint_turn(&self) -> Option<OwnedMutexGuard<Joint>> {
        let turn = self.writing.clone().lock_owned();
        tokio::time::timeout(self.patience, turn).await.ok()
    }
}

impl Default for WriterQueue {
    fn default() -> Self {
        Self::new(PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_come_in_the_order_of_asking() {
        let queue = WriterQueue::default();
        let first = queue.turn().await.unwrap();
        let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..10 {
            let (queue, sender) = (queue.clone(), sender.clone());
            tokio::spawn(async move {
                let _turn = queue.turn().await.unwrap();
                sender.send(number).unwrap();
            });
            tokio::task::yield_now().await;
        }
        drop((first, sender));
        for number in 0..10 {
            assert_eq!(order.recv().await, Some(number));
        }
    }

    #[tokio::test]
    async fn a_wait_ends_when_patience_does() {
        let queue = WriterQueue::new(Duration::from_millis(1));
        let _first = queue.turn().await.unwrap();
        assert!(queue.turn().await.is_none());
    }
}
