//! What the program that runs the component tells it of this machine. Spin tells nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::json;
use crate::domain::Rev;

/// The variable that has it, as JSON. It is made when it is asked for.
pub const HOST_REPORT: &str = "host_report";

/// An older backup is pointed out.
pub const OLD_BACKUP: Duration = Duration::from_secs(8 * 24 * 3600);

/// What the component cannot see itself.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostReport {
    /// None when the database is in memory.
    pub files: Option<DatabaseFiles>,
    /// Answers in each of the last hours, the oldest first. The last hour is not over yet.
    pub hours: Vec<AnswerCount>,
}

/// What lies beside the database.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseFiles {
    /// Bytes of the write-ahead log.
    pub log_bytes: u64,
    /// When the last good backup was made, in microseconds since 1970; none if there was none.
    pub last_backup_us: Option<Rev>,
}

/// Answers by what they said.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerCount {
    /// Answers with a status below 400.
    pub good: u64,
    /// Answers with a status from 400 to 499.
    pub refused: u64,
    /// Answers with a status from 500 on.
    pub failed: u64,
}

impl HostReport {
    /// The text that the variable has.
    pub fn to_text(&self) -> String {
        String::from_utf8(json::to_vec(self)).unwrap_or_default()
    }

    /// None for text of another program.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl AnswerCount {
    /// Counts an answer of this status.
    pub fn add(&mut self, status: u16) {
        let count = match status {
            ..400 => &mut self.good,
            400..500 => &mut self.refused,
            500.. => &mut self.failed,
        };
        *count += 1;
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            good: self.good + other.good,
            refused: self.refused + other.refused,
            failed: self.failed + other.failed,
        }
    }

    /// All of them.
    pub fn total(self) -> u64 {
        self.good + self.refused + self.failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_reads_what_the_program_wrote() {
        let mut count = AnswerCount::default();
        for status in [200, 304, 404, 499, 500] {
            count.add(status);
        }
        assert_eq!((count.good, count.refused, count.failed), (2, 2, 1));
        assert_eq!(count.plus(count).total(), 10);
        let report = HostReport {
            files: Some(DatabaseFiles {
                log_bytes: 7,
                last_backup_us: None,
            }),
            hours: vec![count],
        };
        assert_eq!(HostReport::parse(&report.to_text()), Some(report));
        assert_eq!(HostReport::parse(""), None);
    }
}
