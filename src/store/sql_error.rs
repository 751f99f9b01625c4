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
    /// The server that holds the database cannot be reached, or the connection broke before its answer, so that nobody
    /// knows whether it ran the statement.
    #[error("the database server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Anything else.
    #[error("SQLite failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What Spin's client of libSQL says of connections that are not made or break: before an answer, and within one.
const BROKEN: [&str; 4] = [
    "error trying to connect",
    "connection error",
    "connection closed before message completed",
    "error reading a body from connection",
];

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
            text if BROKEN.iter().any(|said| text.contains(said)) => Self::Unreachable(text.into()),
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
        for gone in [
            "Hrana: `http error: `error trying to connect: tcp connect error: Connection refused (os error 111)``",
            "Hrana: `http error: `connection error: Connection reset by peer (os error 104)``",
            "Hrana: `http error: `connection closed before message completed``",
            "Hrana: `cursor error: `error reading a body from connection: unexpected EOF during chunk size line``",
        ] {
            assert!(matches!(error(gone), SqlError::Unreachable(_)), "{gone}");
        }
        assert!(matches!(error("no such table: x"), SqlError::Failed(_)));
    }
}
