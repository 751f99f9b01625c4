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
        let micros = match self {
            Self::Millis(millis) if (0.0..9e15).contains(millis) => {
                Some((millis * 1000.0).round() as Rev)
            }
            Self::Millis(_) => None,
            Self::Text(text) => DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|time| time.timestamp_micros()),
        };
        micros.ok_or_else(|| {
            BodyError::BadField(format!(
                "{field}: must be milliseconds since 1970, or a time such as 2026-11-22T10:00:00Z."
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_moment_is_refused_with_what_is() {
        for bad in [
            Moment::Text("soon".into()),
            Moment::Text("2026-11-22".into()),
            Moment::Millis(-1.0),
        ] {
            let error = bad.as_micros("at").unwrap_err().to_string();
            let expected =
                "at: must be milliseconds since 1970, or a time such as 2026-11-22T10:00:00Z.";
            assert_eq!(error, expected);
        }
    }
}
