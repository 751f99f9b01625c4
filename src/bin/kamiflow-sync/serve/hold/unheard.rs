//! A change whose answer nobody heard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use super::hub::Hub;

/// Stands for a request that may change something. The component may continue after its client has gone,
/// and then its news are lost with its answer: in that case, everybody looks again soon.
pub struct Unheard {
    hub: Arc<Hub>,
    heard: Arc<AtomicBool>,
}

impl Unheard {
    pub fn new(hub: Arc<Hub>) -> Self {
        let heard = Arc::default();
        Self { hub, heard }
    }

    /// To be kept until the component has finished with the request.
    pub fn guard(&self) -> impl Send + 'static {
        Guard {
            hub: self.hub.clone(),
            heard: self.heard.clone(),
        }
    }

    /// The answer is there.
    pub fn heard(&self) {
        self.heard.store(true, SeqCst);
    }
}

struct Guard {
    hub: Arc<Hub>,
    heard: Arc<AtomicBool>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.heard.load(SeqCst) {
            self.hub.set_unheard();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_without_its_answer_is_looked_for() {
        let hub: Arc<Hub> = Arc::default();
        let heard = Unheard::new(hub.clone());
        let guard = heard.guard();
        heard.heard();
        drop((heard, guard));
        assert!(!hub.take_unheard());
        let guard = Unheard::new(hub.clone()).guard();
        assert!(!hub.take_unheard());
        drop(guard);
        assert!(hub.take_unheard() && !hub.take_unheard());
    }
}
