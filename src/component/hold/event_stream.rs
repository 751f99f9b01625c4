//! A response that continues while its client stays: events as changes are seen, and a comment now and then, so that
//! proxies and clients see that it is alive.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use http::Response;
use http::header::CONTENT_LENGTH;

use super::waiter::Waiter;
use crate::api::App;
use crate::api::waiting::hold::Hold;
use crate::api::waiting::stream_state::{COMMENT, Course, HEARTBEAT, StreamState, some_of};
use crate::component::bindings::wasi::random::random::get_random_u64;

/// What an event ends with.
const EVENT_END: &str = "\n\n";

pub struct EventStream {
    waiter: Waiter,
    state: StreamState,
    /// Hashes of the events of the last answer, which the next one may repeat. Thousands of streams may have a
    /// thousand each.
    told: HashSet<u64>,
    hasher: RandomState,
    end: Instant,
    heartbeat: Instant,
}

impl EventStream {
    /// A stream that lasts almost as long as the instruction says, and begins with this answer.
    pub(super) fn begin(waiter: Waiter, hold: &Hold, begun: &mut Response<Vec<u8>>) -> Self {
        begun.headers_mut().remove(CONTENT_LENGTH);
        let now = Instant::now();
        let mut stream = Self {
            waiter,
            state: StreamState::new(hold),
            told: HashSet::new(),
            hasher: RandomState::new(),
            end: now + hold.timeout - some_of(hold.timeout / 10, random()),
            heartbeat: now + some_of(HEARTBEAT, random()),
        };
        stream.untold(begun.body());
        stream
    }

    /// How long it may sleep.
    pub fn pause(&self, app: &App) -> Duration {
        let next = self.heartbeat.min(self.end);
        let left = next.saturating_duration_since(Instant::now());
        self.waiter.pause(app, left)
    }

    /// What the client gets now, mostly nothing; `None` at the end of the stream.
    pub fn next(&mut self, app: &App) -> Option<Vec<u8>> {
        let now = Instant::now();
        if now >= self.end {
            return None;
        }
        let is_due = now >= self.heartbeat;
        if is_due {
            self.heartbeat = now + HEARTBEAT;
            self.waiter.go_on(app).ok()?;
        }
        let key_may_have_changed = is_due && self.state.key_may_have_changed();
        let events = if self.waiter.has_changed(app) || key_may_have_changed {
            self.look(app)?
        } else {
            Vec::new()
        };
        Some(if is_due && events.is_empty() {
            COMMENT.into()
        } else {
            events
        })
    }

    /// Frees its place; to be called also when the client is gone.
    pub fn end(self, app: &App) {
        // What is left behind is forgotten after two minutes.
        _ = self.waiter.end(app);
    }

    /// Asks what the client does not have, unless that is refused.
    fn look(&mut self, app: &App) -> Option<Vec<u8>> {
        let mut answer = self.waiter.ask_again(app, Some(&self.state.last_id));
        if self.state.heed(&mut answer)? == Course::Ends {
            self.end = Instant::now();
        }
        Some(self.untold(answer.body()))
    }

    /// Those events of an answer that the one before did not have: a stream of all projects goes back two minutes.
    fn untold(&mut self, answer: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(answer);
        let events = text.split_inclusive(EVENT_END);
        let events: Vec<_> = events
            .map(|event| (self.hasher.hash_one(event), event))
            .collect();
        let untold = events.iter().filter(|(hash, _)| !self.told.contains(hash));
        let untold: String = untold.map(|(_, event)| *event).collect();
        self.told = events.into_iter().map(|(hash, _)| hash).collect();
        untold.into()
    }
}

fn random() -> u32 {
    get_random_u64() as u32
}
