//! What a device must do to be in sync with the server, file by file.

use super::checksum::Checksum;
use super::version::{Rev, Version};

/// A file as a device has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalFile {
    /// The checksum of its content.
    pub checksum: Checksum,
    /// The rev that the device last had of this path.
    pub base: Option<Rev>,
}

/// What to do about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: both sides have the same.
    Unchanged,
    /// The device has what the server lacks.
    Upload,
    /// The server has what the device lacks.
    Download,
    /// They differ, and only the history can tell whether the device is behind or was edited.
    AskHistory,
    /// Nothing: neither side has it any more.
    Gone,
}

/// Decides for a path that at least one side has or had.
pub fn judge(local: Option<LocalFile>, server: &Version) -> Verdict {
    match (local, server.checksum) {
        (None, None) => Verdict::Gone,
        (None, Some(_)) => Verdict::Download,
        (Some(local), Some(checksum)) if local.checksum == checksum => Verdict::Unchanged,
        (Some(local), _) if local.base == Some(server.rev) => Verdict::Upload,
        (Some(_), _) => Verdict::AskHistory,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(rev: Rev, content: Option<&[u8]>) -> Version {
        Version {
            rev,
            path: "a".to_owned(),
            checksum: content.map(Checksum::of),
            size: 0,
            modified: 0,
            device: None,
        }
    }

    fn local(content: &[u8], base: Option<Rev>) -> Option<LocalFile> {
        Some(LocalFile {
            checksum: Checksum::of(content),
            base,
        })
    }

    #[test]
    fn both_sides_decide() {
        use Verdict::*;
        for (local, server, verdict) in [
            (None, server(5, Some(b"x")), Download),
            (None, server(5, None), Gone),
            (local(b"x", None), server(5, Some(b"x")), Unchanged),
            (local(b"x", Some(4)), server(5, Some(b"x")), Unchanged),
            (local(b"y", Some(5)), server(5, Some(b"x")), Upload),
            (local(b"y", Some(4)), server(5, Some(b"x")), AskHistory),
            (local(b"y", None), server(5, Some(b"x")), AskHistory),
            (local(b"y", Some(5)), server(5, None), Upload),
            (local(b"y", Some(4)), server(5, None), AskHistory),
        ] {
            assert_eq!(judge(local, &server), verdict, "{local:?} {server:?}");
        }
    }
}
