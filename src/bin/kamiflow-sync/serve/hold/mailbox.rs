//! What was published for one who waits.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use tokio::sync::Notify;

#[derive(Debug, Default)]
pub struct Mailbox {
    has_news: AtomicBool,
    arrived: Notify,
}

impl Mailbox {
    pub fn look_again(&self) {
        self.has_news.store(true, SeqCst);
        self.arrived.notify_one();
    }

    /// Whether there are news. They are taken.
    pub fn take(&self) -> bool {
        self.has_news.swap(false, SeqCst)
    }

    /// Waits for news, and takes them.
    pub async fn news(&self) {
        while !self.take() {
            self.arrived.notified().await;
        }
    }
}
