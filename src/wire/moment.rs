//! A moment, as requests say it.

use std::borrow::Cow;

use chrono::DateTime;
use serde::Deserialize;

use super::body::BodyError;
use crate::domain::Rev;

/// A moment.
#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "expected milliseconds since 1970, or a time such as 2026-11-22T10:00:00Z"
)]
pub enum Moment<'a> {
    /// Milliseconds since 1970, as `synced_at`.
    Millis(f64),
    /// RFC 3339.
    Text(#[serde(borrow)] Cow<'a, str>),
}

impl Moment<'_> {
    /// Microseconds since 1970. The error names the `field`.
    pub fn as_micros(&self, field: &str) -> Result<Rev, BodyError> {
        let rule = match self {
            Self::Millis(millis) if (0.0..9e15).contains(millis) => {
                return Ok((millis * 1000.0).round() as Rev);
            }
            Self::Text(text) => match DateTime::parse_from_rfc3339(text) {
                Ok(time) => return Ok(time.timestamp_micros()),
                Err(error) => format!("{error}: use a time such as 2026-11-22T10:00:00Z."),
            },
            Self::Millis(_) => "must be milliseconds since 1970.".to_owned(),
        };
        Err(BodyError::BadField(format!("{field}: {rule}")))
    }
}
