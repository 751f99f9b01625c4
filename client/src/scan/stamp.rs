//! How the system describes a file.

use std::fs::Metadata;
use std::time::{Duration, SystemTime};

/// Size, times and number of a file. While it stays the same, so does the content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp(String);

impl Stamp {
    /// The description of a file.
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        // It changes with every write, also where a program sets the time of the file back.
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        let number = metadata.ino();
        Self(format!(
            "{}-{}.{}-{}.{}-{number}",
            metadata.len(),
            modified.0,
            modified.1,
            changed.0,
            changed.1
        ))
    }

    /// The description of a file.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Self {
        let modified = since_1970(metadata.modified().ok());
        Self(format!("{}-{}", metadata.len(), modified.as_nanos()))
    }

    /// The text, when a later write would change it. A file that was changed in the same tick of the file
    /// system's clock as it was read may look the same after another change.
    pub fn settled(self, metadata: &Metadata, now: SystemTime) -> String {
        let changed = since_1970(metadata.modified().ok());
        let tick = match changed.subsec_nanos() {
            // FAT counts two seconds, and some others one.
            0 => Duration::from_secs(3),
            _ => Duration::from_millis(50),
        };
        if since_1970(Some(now)).saturating_sub(changed) > tick {
            self.0
        } else {
            String::new()
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn since_1970(time: Option<SystemTime>) -> Duration {
    time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
        .unwrap_or_default()
}

/// When a file was changed: milliseconds since 1970.
pub fn modified(metadata: &Metadata) -> i64 {
    let millis = since_1970(metadata.modified().ok()).as_millis();
    i64::try_from(millis).unwrap_or(0)
}
