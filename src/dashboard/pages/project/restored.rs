//! What the API answers when something is restored.

use http::Response;
use serde::Deserialize;

use crate::api::Error;
use crate::dashboard::done::Done;

/// The answer of the API, as far as it is shown.
#[derive(Deserialize)]
pub struct Restored {
    pub cursor: String,
    pub results: Vec<Outcome>,
    /// Files that stay as they are, since what they were then was purged.
    pub purged: Vec<String>,
}

/// What became of a file.
#[derive(Deserialize)]
pub struct Outcome {
    pub path: String,
    status: String,
}

impl Restored {
    pub fn read(answer: &Response<Vec<u8>>) -> Result<Self, Error> {
        let read = serde_json::from_slice(answer.body());
        read.map_err(|error| Error::Internal(error.into()))
    }

    /// What is to be told: `done`, unless all files were as they are to be.
    pub fn told(&self, done: Done) -> Done {
        let changed = self.results.iter().any(|outcome| outcome.what().is_some());
        if changed { done } else { Done::AlreadySo }
    }
}

impl Outcome {
    #[cfg(test)]
    pub fn new(path: String, status: &str) -> Self {
        let status = status.to_owned();
        Self { path, status }
    }

    /// What happens to the file; none when it stays as it is.
    pub fn what(&self) -> Option<&'static str> {
        match self.status.as_str() {
            "created" => Some("comes back"),
            "updated" => Some("gets its older content"),
            "deleted" => Some("is deleted, since it did not exist"),
            _ => None,
        }
    }
}
