//! Channels: who waits for what, and what was published.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kamiflow_sync_component::api::Publication;

use super::mailbox::Mailbox;

/// Channels of which it is known when they last had news. When there are more, those who began to look
/// before look again.
const MAX_KNOWN: usize = 4096;

#[derive(Debug, Default)]
pub struct Hub {
    state: Mutex<State>,
    has_unheard: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Counts what was published.
    now: u64,
    /// What was published up to here may be missing in `known`.
    forgotten: u64,
    known: HashMap<String, LastPublication>,
    waiting: HashMap<String, Vec<Arc<Mailbox>>>,
}

/// The last publication on a channel.
#[derive(Debug)]
struct LastPublication {
    at: u64,
    rev: Option<i64>,
}

/// Channels that one waits for, until it is dropped.
pub struct Subscription {
    hub: Arc<Hub>,
    channels: Vec<String>,
    pub mailbox: Arc<Mailbox>,
}

impl Hub {
    pub fn now(&self) -> u64 {
        self.state().now
    }

    /// What was published after `seen` is news at once.
    pub fn subscribe(hub: &Arc<Self>, channels: &[String], seen: u64) -> Subscription {
        let mailbox = Arc::new(Mailbox::default());
        let mut state = hub.state();
        for channel in channels {
            let waiting = state.waiting.entry(channel.clone()).or_default();
            waiting.push(mailbox.clone());
        }
        if channels.iter().any(|channel| state.has_news(channel, seen)) {
            mailbox.look_again();
        }
        drop(state);
        Subscription {
            hub: hub.clone(),
            channels: channels.to_vec(),
            mailbox,
        }
    }

    /// Gives it to all who wait for one of its channels, unless a newer one was published before:
    /// answers of one group commit overtake each other.
    pub fn publish(&self, publication: &Publication) {
        let mut state = self.state();
        if state.is_old(publication) {
            return;
        }
        state.remember(publication);
        let publication = Arc::new(publication.clone());
        for channel in &publication.channels {
            for mailbox in state.waiting.get(channel).into_iter().flatten() {
                mailbox.put(&publication);
            }
        }
    }

    /// Has everybody look again.
    pub fn look_again(&self) {
        let mut state = self.state();
        state.now += 1;
        state.forget();
        state
            .waiting
            .values()
            .flatten()
            .for_each(|mailbox| mailbox.look_again());
    }

    /// Something may have changed that was not published.
    pub fn set_unheard(&self) {
        self.has_unheard.store(true, SeqCst);
    }

    /// Whether [`Hub::set_unheard`] was called since the last time.
    pub fn take_unheard(&self) -> bool {
        self.has_unheard.swap(false, SeqCst)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_news(&self, channel: &str, seen: u64) -> bool {
        let known = self.known.get(channel);
        seen < self.forgotten || known.is_some_and(|known| known.at > seen)
    }

    fn is_old(&self, publication: &Publication) -> bool {
        let known = publication
            .channels
            .first()
            .and_then(|own| self.known.get(own));
        let last = known.and_then(|known| known.rev);
        publication
            .rev
            .is_some_and(|rev| last.is_some_and(|last| rev <= last))
    }

    fn remember(&mut self, publication: &Publication) {
        self.now += 1;
        if self.known.len() >= MAX_KNOWN {
            self.forget();
        }
        for channel in &publication.channels {
            let known = LastPublication {
                at: self.now,
                rev: publication.rev,
            };
            self.known.insert(channel.clone(), known);
        }
    }

    fn forget(&mut self) {
        self.known.clear();
        self.forgotten = self.now;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        for channel in &self.channels {
            let waiting = state.waiting.get_mut(channel);
            let is_last = waiting.is_some_and(|waiting| {
                waiting.retain(|other| !Arc::ptr_eq(other, &self.mailbox));
                waiting.is_empty()
            });
            if is_last {
                state.waiting.remove(channel);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(project: &str, rev: Option<i64>) -> Publication {
        Publication {
            channels: vec![project.to_owned(), "all".to_owned()],
            rev,
            id: None,
            content: Some(String::new()),
        }
    }

    fn wait(hub: &Arc<Hub>, channel: &str, seen: u64) -> Subscription {
        Hub::subscribe(hub, &[channel.to_owned()], seen)
    }

    #[test]
    fn news_reach_those_who_wait_for_the_channel_and_nobody_else() {
        let hub: Arc<Hub> = Arc::default();
        let [a, b, all] = ["a", "b", "all"].map(|channel| wait(&hub, channel, 0));
        hub.publish(&news("a", Some(1)));
        assert!(
            a.mailbox.take().is_some()
                && all.mailbox.take().is_some()
                && b.mailbox.take().is_none()
        );
        assert!(a.mailbox.take().is_none());
    }

    #[test]
    fn what_was_published_between_the_look_and_the_wait_is_news() {
        let hub: Arc<Hub> = Arc::default();
        let seen = hub.now();
        hub.publish(&news("a", Some(1)));
        assert!(wait(&hub, "a", seen).mailbox.take().is_some());
        assert!(wait(&hub, "b", seen).mailbox.take().is_none());
        assert!(wait(&hub, "a", hub.now()).mailbox.take().is_none());
    }

    #[test]
    fn an_answer_that_was_overtaken_is_no_news() {
        let hub: Arc<Hub> = Arc::default();
        let a = wait(&hub, "a", 0);
        hub.publish(&news("a", Some(2)));
        assert!(a.mailbox.take().is_some());
        hub.publish(&news("a", Some(1)));
        assert!(a.mailbox.take().is_none());
        hub.publish(&news("a", None));
        assert!(a.mailbox.take().is_some());
        hub.publish(&news("a", Some(1)));
        assert!(a.mailbox.take().is_some());
    }

    #[test]
    fn memory_is_bounded_and_what_is_forgotten_counts_as_news() {
        let hub: Arc<Hub> = Arc::default();
        let seen = hub.now();
        for number in 0..2 * MAX_KNOWN {
            hub.publish(&news(&number.to_string(), Some(1)));
        }
        assert!(hub.state().known.len() <= MAX_KNOWN + 1);
        assert!(wait(&hub, "other", seen).mailbox.take().is_some());
        assert!(hub.state().waiting.is_empty());
    }

    #[test]
    fn everybody_looks_again_also_those_who_are_looking_now() {
        let hub: Arc<Hub> = Arc::default();
        let (seen, a) = (hub.now(), wait(&hub, "a", 0));
        hub.look_again();
        assert!(a.mailbox.take().is_some() && wait(&hub, "b", seen).mailbox.take().is_some());
        assert!(wait(&hub, "b", hub.now()).mailbox.take().is_none());
    }
}
