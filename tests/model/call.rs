//! A request to the server, with its answer and its times.

use std::fmt;
use std::time::Duration;

use crate::device::push;
use crate::matches;
use crate::model::{Entry, Model};
use support::{Answer, Client, encode};

#[derive(Debug)]
pub enum Request {
    Push(Vec<Entry>),
    Status,
    Files {
        since: i64,
        limit: usize,
    },
    Changes {
        cursor: String,
        /// The rev in that cursor.
        since: i64,
        limit: usize,
    },
    File(&'static str),
}

/// A request and its answer.
pub struct Call {
    pub device: String,
    pub request: Request,
    /// Since the start of the run.
    pub sent: Duration,
    pub answered: Duration,
    pub answer: Answer,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let Answer { status, json, .. } = &self.answer;
        let (device, request) = (&self.device, &self.request);
        let (sent, answered) = (self.sent, self.answered);
        write!(
            f,
            "{device} {sent:?} {request:?}, {answered:?} {status} {json}"
        )
    }
}

impl Request {
    pub fn send(&self, client: &Client, device: &str, project: &str) -> Answer {
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
    /// The first rev that it assigned.
    pub fn rev(&self) -> Option<i64> {
        let results = self.answer.json["results"].as_array()?;
        let is_change = |status: &str| ["created", "updated", "deleted"].contains(&status);
        let mut changes = results
            .iter()
            .filter(|result| result["status"].as_str().is_some_and(is_change));
        changes.next()?["rev"].as_i64()
    }

    /// Whether the answer is right in this state of the project.
    pub fn matches(&self, model: &Model) -> bool {
        let answer = &self.answer;
        match &self.request {
            Request::Push(entries) => model.allows(entries, answer),
            Request::Status => matches::status(model, &answer.json),
            Request::Files { since, limit } => matches::files(model, *since, *limit, &answer.json),
            Request::Changes { since, limit, .. } => {
                matches::changes(model, *since, *limit, &answer.json)
            }
            Request::File(path) => matches::file(model, path, answer),
        }
    }
}
