//! How commands end.

use std::process::ExitCode;

use anyhow::Result;

use crate::config::ConfigError;
use crate::error::SyncError;
use crate::remote::RemoteError;
use crate::report::Report;

/// How a command ended that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Both sides are in sync, as far as the command can tell.
    InStep,
    /// They are not; a script may want to know.
    OutOfStep,
}

impl From<Done> for ExitCode {
    fn from(done: Done) -> Self {
        Self::from(match done {
            Done::InStep => 0,
            Done::OutOfStep => 3,
        })
    }
}

/// A mistake on the command line or in the settings.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// An error that ends the program as a wrong command line does.
pub fn usage(sentence: impl Into<String>) -> anyhow::Error {
    Usage(sentence.into()).into()
}

/// A part of the folder could not be looked at, although everything else was done.
pub fn require_read(report: &Report) -> Result<()> {
    let Some(first) = report.unread.first() else {
        return Ok(());
    };
    let others = match report.unread.len() - 1 {
        0 => String::new(),
        others => format!(" and {others} more of the folders"),
    };
    let reason = report.left.iter().find(|left| left.path == *first);
    let reason = reason.map_or("it cannot be read", |left| &*left.reason);
    anyhow::bail!("Nothing in {first}{others} is synced, since {reason}.")
}

/// The exit code of a failure.
pub fn code(error: &anyhow::Error) -> u8 {
    let remote = match error.downcast_ref() {
        Some(SyncError::Remote(remote)) => Some(remote),
        Some(SyncError::Config(_)) => return 2,
        Some(SyncError::Question(..)) => return 5,
        Some(SyncError::Locked(_)) => return 6,
        Some(SyncError::Disk { .. } | SyncError::State(_) | SyncError::Newer) => return 1,
        None if error.is::<Usage>() || error.is::<ConfigError>() => return 2,
        None => error.downcast_ref(),
    };
    match remote {
        Some(RemoteError::Offline(_) | RemoteError::Wait { .. }) => 4,
        Some(RemoteError::Deleted) => 5,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_can_tell_failures_apart() {
        let offline = RemoteError::Offline("it is gone".to_owned());
        assert_eq!(code(&offline.clone().into()), 4);
        assert_eq!(code(&SyncError::from(offline).into()), 4);
        assert_eq!(code(&SyncError::from(RemoteError::Gone).into()), 1);
        assert_eq!(code(&SyncError::from(RemoteError::Deleted).into()), 5);
        assert_eq!(code(&SyncError::Locked("1".to_owned()).into()), 6);
        assert_eq!(code(&usage("No.")), 2);
        assert_eq!(code(&ConfigError::Unusable("No.".to_owned()).into()), 2);
        assert_eq!(code(&anyhow::anyhow!("No.")), 1);
    }
}
