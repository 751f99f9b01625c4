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
    /// The server that holds the database cannot be reached: it did not get the statement.
    #[error("the database server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else.
    #[error("SQLite failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl SqlError {
    /// Tells a lock, a full disk and a timeout apart by the text of SQLite, or of a server such as libSQL's, which is all that
    /// some hosts pass on.
    pub fn from_text(text: String) -> Self {
        match text {
            text if text.contains("database is locked") => Self::Busy,
            // What the trigger of a push says.
            text if text.contains("the project has changed") => Self::Busy,
            text if text.contains("database or disk is full") => Self::Full,
            text if text == "interrupted" => Self::TimedOut,
            // A server rolls a transaction back that waits too long for its next statement.
            text if ["SQLITE_INTERRUPT", "STREAM_EXPIRED", "TRANSACTION_TIMEOUT"]
                .iter()
                .any(|code| text.contains(code)) =>
            {
                Self::TimedOut
            }
            text if text.contains("error trying to connect") => Self::Unreachable(text.into()),
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
        let expired = r#"Hrana: `{"message":"The stream has expired due to inactivity","code":"STREAM_EXPIRED"}`"#;
        assert!(matches!(error(expired), SqlError::TimedOut));
        let closed = r#"{"message":"Transaction timed out","code":"TRANSACTION_TIMEOUT"}"#;
        assert!(matches!(error(closed), SqlError::TimedOut));
        let gone = "Hrana: `http error: `error trying to connect: tcp connect error: Connection refused (os error 111)``";
        assert!(matches!(error(gone), SqlError::Unreachable(_)));
        assert!(matches!(error("no such table: x"), SqlError::Failed(_)));
    }
}
