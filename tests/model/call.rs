//! What was asked, and what came back.

use std::fmt;
use std::time::Duration;

use crate::device::push;
use crate::promise::{Entry, Promise};
use crate::told;
use support::{Answer, Client, encode};

#[derive(Debug)]
pub enum Asked {
    Push(Vec<Entry>),
    Status,
    Files {
        since: i64,
        limit: usize,
    },
    Changes {
        cursor: String,
        /// The rev of that place.
        since: i64,
        limit: usize,
    },
    File(&'static str),
}

/// A question and its answer.
pub struct Call {
    pub device: String,
    pub asked: Asked,
    /// Since the beginning of all.
    pub sent: Duration,
    pub answered: Duration,
    pub answer: Answer,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Answer { status, json, .. } = &self.answer;
        let (device, asked) = (&self.device, &self.asked);
        let (sent, answered) = (self.sent, self.answered);
        write!(
            f,
            "{device} {sent:?} {asked:?}, {answered:?} {status} {json}"
        )
    }
}

impl Asked {
    pub fn ask(&self, client: &Client, device: &str, project: &str) -> Answer {
        let what = match self {
            Self::Push(entries) => return push(client, device, project, entries),
            Self::Status => "status".to_owned(),
            Self::Files { since, limit } => {
                let (millis, micros) = (since / 1000, since % 1000);
                format!("files?since={millis}.{micros:03}&limit={limit}")
            }
            Self::Changes { cursor, limit, .. } => {
                format!("changes?content=1&since={cursor}&limit={limit}")
            }
            Self::File(path) => format!("files/{}", encode(path).replace("%2F", "/")),
        };
        client.ask(project, &what)
    }
}

impl Call {
    /// The first rev that it has taken.
    pub fn rev(&self) -> Option<i64> {
        let results = self.answer.json["results"].as_array()?;
        let is_change = |status: &str| ["created", "updated", "deleted"].contains(&status);
        let mut changes = results
            .iter()
            .filter(|result| result["status"].as_str().is_some_and(is_change));
        changes.next()?["rev"].as_i64()
    }

    /// Whether the answer is right in this state of the project.
    pub fn fits(&self, promise: &Promise) -> bool {
        let answer = &self.answer;
        match &self.asked {
            Asked::Push(entries) => promise.allows(entries, answer),
            Asked::Status => told::status(promise, &answer.json),
            Asked::Files { since, limit } => told::files(promise, *since, *limit, &answer.json),
            Asked::Changes { since, limit, .. } => {
                told::changes(promise, *since, *limit, &answer.json)
            }
            Asked::File(path) => told::file(promise, path, answer),
        }
    }
}
