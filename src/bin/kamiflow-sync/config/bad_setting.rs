//! The one error for a setting with a value that cannot be used.

/// A setting that cannot be used. The text names it; the program exits with 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub String);
