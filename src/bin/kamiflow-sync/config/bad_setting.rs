//! The error for a setting whose value cannot be used.

/// Names the setting and says what is wrong with its value. The program exits with 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub String);
