//! A response that goes on while its client stays: events as changes are seen, and a comment now and then, so that
//! proxies and clients see that it is alive.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use http::header::CONTENT_LENGTH;
use http::{Response, StatusCode};

use super::waiter::Waiter;
use crate::api::App;
use crate::api::clock::now_us;
use crate::api::hold::Hold;
use crate::component::bindings::wasi::random::random::get_random_u64;

/// How often a comment is sent.
const HEARTBEAT: Duration = Duration::from_secs(15);
const COMMENT: &str = ":\n\n";
/// What an event ends with.
const END: &str = "\n\n";

pub struct EventStream {
    waiter: Waiter,
    /// Where the client goes on when it comes back now.
    last_id: String,
    /// When the key may open less than now, in microseconds since 1970, as far as it is known.
    key_change: Option<i64>,
    /// The events of the last answer. The next one may repeat them.
    told: HashSet<String>,
    end: Instant,
    heartbeat: Instant,
}

impl EventStream {
    /// A stream that lasts almost as long as the instruction says, and begins with this answer.
    pub(super) fn begin(
        waiter: Waiter,
        hold: Hold,
        mut begun: Response<Vec<u8>>,
    ) -> (Response<Vec<u8>>, Self) {
        begun.headers_mut().remove(CONTENT_LENGTH);
        let now = Instant::now();
        let mut stream = Self {
            waiter,
            last_id: hold.last_id.unwrap_or_default(),
            key_change: hold.key_change,
            told: HashSet::new(),
            end: now + hold.timeout - some_of(hold.timeout / 10),
            heartbeat: now + some_of(HEARTBEAT),
        };
        stream.untold(begun.body());
        (begun, stream)
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
        if now < self.heartbeat {
            return match self.waiter.has_changed(app) {
                true => self.look(app),
                false => Some(Vec::new()),
            };
        }
        self.heartbeat = now + HEARTBEAT;
        self.beat(app)
    }

    /// Frees its place; to be called also when the client is gone.
    pub fn end(self, app: &App) {
        // What is left behind is forgotten after two minutes.
        _ = self.waiter.end(app);
    }

    /// A comment, or events.
    fn beat(&mut self, app: &App) -> Option<Vec<u8>> {
        self.waiter.go_on(app).ok()?;
        // By the clock of the system: it may have been set.
        let key_changes = self.key_change.is_some_and(|at| at <= now_us());
        let events = match self.waiter.has_changed(app) || key_changes {
            true => self.look(app)?,
            false => Vec::new(),
        };
        Some(match events.is_empty() {
            true => COMMENT.into(),
            false => events,
        })
    }

    /// Asks what the client does not have, unless it is refused: the key may have changed.
    fn look(&mut self, app: &App) -> Option<Vec<u8>> {
        let mut response = self.waiter.ask_again(app, Some(&self.last_id));
        if response.status() != StatusCode::OK {
            return None;
        }
        match Hold::take(response.headers_mut()) {
            Some(hold) => {
                self.key_change = hold.key_change;
                self.last_id = hold.last_id.unwrap_or_default();
            }
            // There is more, or nothing any more: the client comes back.
            None => self.end = Instant::now(),
        }
        Some(self.untold(response.body()))
    }

    /// Those events of an answer that the one before did not have: a stream of all projects goes back two minutes.
    fn untold(&mut self, answer: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(answer);
        let events = || text.split_inclusive(END);
        let untold = events().filter(|event| !self.told.contains(*event));
        let untold: String = untold.collect();
        self.told = events().map(str::to_owned).collect();
        untold.into()
    }
}

/// At least a half, so that streams that began together do not do everything together.
fn some_of(time: Duration) -> Duration {
    let random = (get_random_u64() >> 32) as f64 / f64::from(u32::MAX);
    time / 2 + time.mul_f64(random) / 2
}
