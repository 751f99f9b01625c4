//! A request that is answered when something is newer, or when its time is over.

use std::time::{Duration, Instant};

use http::Response;

use super::waiter::Waiter;
use crate::api::App;
use crate::api::waiting::hold::Hold;

pub struct LongPoll {
    waiter: Waiter,
    end: Instant,
}

impl LongPoll {
    pub(super) fn new(waiter: Waiter, timeout: Duration) -> Self {
        let end = Instant::now() + timeout;
        Self { waiter, end }
    }

    /// How long it may sleep.
    pub fn pause(&self, app: &App) -> Duration {
        self.waiter.pause(app, self.left())
    }

    /// Asks again when the project may have changed, and when the time is over. Returns the answer, or
    /// what waits for it.
    pub fn look(mut self: Box<Self>, app: &App) -> Result<Response<Vec<u8>>, Box<Self>> {
        let is_over = self.left().is_zero();
        if !is_over && !self.waiter.has_changed(app) {
            return Err(self);
        }
        let mut response = self.waiter.ask_again(app, None);
        let is_held = Hold::take(response.headers_mut()).is_some();
        if is_held && !is_over {
            return Err(self);
        }
        Ok(match self.waiter.end(app) {
            Ok(()) => response,
            Err(error) => error.into_response(),
        })
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }
}
