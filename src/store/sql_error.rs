//! Why SQLite did not run a statement.

/// Why SQLite did not run a statement.
#[derive(Debug, thiserror::Error)]
pub enum SqlError {
    /// Another connection holds the lock, or was faster.
    #[error("the database is locked")]
    Busy,
    /// The disk, or the database's own limit, is full.
    #[error("the disk is full")]
    Full,
    /// The statement was interrupted, mostly because it ran for longer than the host allows; a
    /// transaction that it wrote in is rolled back.
    #[error("the statement was interrupted")]
    TimedOut,
    /// Anything else.
    #[error("SQLite failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SqlError {
    /// Tells a lock, a full disk and a timeout apart by SQLite's text, which is all that some hosts pass on.
    pub fn from_text(text: String) -> Self {
        match text {
            text if text.contains("database is locked") => Self::Busy,
            // What the trigger of a push says.
            text if text.contains("the project has changed") => Self::Busy,
            text if text.contains("database or disk is full") => Self::Full,
            text if text == "interrupted" || text.contains("SQLITE_INTERRUPT") => Self::TimedOut,
            text => Self::Failed(text.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_a_full_disk_and_a_timeout_are_told_apart_from_other_failures() {
        let error = |text: &str| SqlError::from_text(text.to_owned());
        assert!(matches!(error("database is locked"), SqlError::Busy));
        assert!(matches!(error("database or disk is full"), SqlError::Full));
        assert!(matches!(error("interrupted"), SqlError::TimedOut));
        let changed = error(r#"Hrana: `{"message":"SQLite error: the project has changed"}`"#);
        assert!(matches!(changed, SqlError::Busy));
        let of_server =
            r#"Hrana: `{"message":"SQLite error: interrupted","code":"SQLITE_INTERRUPT"}`"#;
        assert!(matches!(error(of_server), SqlError::TimedOut));
        assert!(matches!(error("no such table: x"), SqlError::Failed(_)));
    }
}
