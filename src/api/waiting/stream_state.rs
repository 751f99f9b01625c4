//! What whoever holds an event stream keeps of it: the program, or the component on a host that holds none.

use std::time::Duration;

use http::{Response, StatusCode};

use super::hold::Hold;
use crate::api::clock::now_us;

/// How often a comment is sent.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// What a client passes over.
pub const COMMENT: &str = ":\n\n";

/// How far a stream is.
pub struct StreamState {
    /// Where the client continues when it comes back now.
    pub last_id: String,
    /// When the key may open less than now, in microseconds since 1970, as far as it is known.
    key_change: Option<i64>,
}

/// What becomes of a stream after an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Course {
    /// It continues.
    GoesOn,
    /// It ends with this answer: there is more, and the client comes back for it.
    Ends,
}

impl StreamState {
    /// As the instruction says with which the stream begins.
    pub fn new(hold: &Hold) -> Self {
        Self {
            last_id: hold.last_id.clone().unwrap_or_default(),
            key_change: hold.key_change,
        }
    }

    /// Takes the instruction out of the answer to another look. `None` when the look was refused: the key may have
    /// changed.
    pub fn heed<B>(&mut self, answer: &mut Response<B>) -> Option<Course> {
        if answer.status() != StatusCode::OK {
            return None;
        }
        let Some(hold) = Hold::take(answer.headers_mut()) else {
            return Some(Course::Ends);
        };
        *self = Self::new(&hold);
        Some(Course::GoesOn)
    }

    /// Whether the key may open less by now.
    pub fn key_may_have_changed(&self) -> bool {
        // By the clock of the system: it may have been set.
        self.key_change.is_some_and(|at| at <= now_us())
    }
}

/// At least a half of this time, so that streams that began together do not do everything together.
pub fn some_of(time: Duration, random: u32) -> Duration {
    time / 2 + time.mul_f64(f64::from(random) / f64::from(u32::MAX)) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Caller;

    fn hold(last_id: &str, key_change: Option<i64>) -> Hold {
        let hold = Hold::stream(Vec::new(), &Caller::Owner, HEARTBEAT, last_id.to_owned());
        Hold { key_change, ..hold }
    }

    #[test]
    fn an_answer_moves_a_stream_ends_it_or_refuses_it() {
        let mut state = StreamState::new(&hold("1", Some(1)));
        assert!(state.key_may_have_changed());
        let mut answer = Response::new(());
        hold("2", Some(i64::MAX)).write(answer.headers_mut());
        assert_eq!(state.heed(&mut answer), Some(Course::GoesOn));
        assert!(answer.headers().is_empty());
        assert_eq!(state.last_id, "2");
        assert!(!state.key_may_have_changed());
        assert_eq!(state.heed(&mut answer), Some(Course::Ends));
        *answer.status_mut() = StatusCode::FORBIDDEN;
        assert_eq!(state.heed(&mut answer), None);
        assert_eq!(state.last_id, "2");
    }

    #[test]
    fn some_of_a_time_is_a_half_to_all_of_it() {
        let time = Duration::from_secs(10);
        assert_eq!(some_of(time, 0), time / 2);
        assert_eq!(some_of(time, u32::MAX), time);
    }
}
