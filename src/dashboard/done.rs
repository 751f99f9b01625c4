//! What has just been done, or why it was not, as the page says it to which the form leads.

/// What has just been done, or why it was not.
#[derive(Clone, Copy)]
pub(super) enum Done {
    VersionRestored,
    ProjectRestored,
    ProjectDeleted,
    DeviceRevoked,
    FileHasChanged,
    ProjectHasChanged,
    AlreadyRotated,
    AlreadySo,
}

/// What a page says of it.
pub(super) struct Notice {
    pub(super) sentence: &'static str,
    /// Whether nothing was done.
    pub(super) is_refusal: bool,
}

/// Each with its name in the address.
const ALL: [(Done, &str, &str); 8] = [
    (
        Done::VersionRestored,
        "version-restored",
        "The file is back as a new version. Devices get it when they sync.",
    ),
    (
        Done::ProjectRestored,
        "project-restored",
        "The files are back as they were. Devices get them when they sync.",
    ),
    (
        Done::ProjectDeleted,
        "project-deleted",
        "The project was deleted with its history.",
    ),
    (
        Done::DeviceRevoked,
        "device-revoked",
        "The key was revoked. It opens nothing any more.",
    ),
    (
        Done::FileHasChanged,
        "file-has-changed",
        "Nothing was stored: the file has changed since the page was shown. Here it is as it is now, and its older versions can still be restored.",
    ),
    (
        Done::ProjectHasChanged,
        "project-has-changed",
        "Nothing was stored: the project has changed since this was shown. Look again at what would change.",
    ),
    (
        Done::AlreadyRotated,
        "already-rotated",
        "Nothing was changed: this device has a new key already. If that was not saved, make another one here.",
    ),
    (
        Done::AlreadySo,
        "already-so",
        "No change: the project already had this content.",
    ),
];

impl Done {
    /// Its name in the address.
    pub(super) fn name(self) -> &'static str {
        ALL[self as usize].1
    }

    /// What is said for a name.
    pub(super) fn told(name: &str) -> Option<Notice> {
        let known = ALL.iter().find(|(_, known, _)| *known == name);
        known.map(|(done, _, sentence)| Notice {
            sentence,
            is_refusal: done.is_refusal(),
        })
    }

    fn is_refusal(self) -> bool {
        match self {
            Self::FileHasChanged | Self::ProjectHasChanged | Self::AlreadyRotated => true,
            Self::VersionRestored
            | Self::ProjectRestored
            | Self::ProjectDeleted
            | Self::DeviceRevoked
            | Self::AlreadySo => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_done_is_told() {
        for (done, name, sentence) in ALL {
            assert_eq!(done.name(), name);
            let told = Done::told(name).unwrap();
            assert_eq!(told.sentence, sentence);
            assert_eq!(told.is_refusal, sentence.starts_with("Nothing"));
        }
        assert!(Done::told("<script>").is_none());
    }
}
