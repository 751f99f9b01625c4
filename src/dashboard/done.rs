//! What has just been done, as the page says it to which the form leads.

/// What has just been done.
#[derive(Clone, Copy)]
pub(super) enum Done {
    VersionRestored,
    ProjectRestored,
    ProjectDeleted,
    DeviceRevoked,
}

/// Each with its name in the address.
const ALL: [(Done, &str, &str); 4] = [
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
];

impl Done {
    /// Its name in the address.
    pub(super) fn name(self) -> &'static str {
        ALL[self as usize].1
    }

    /// The sentence for a name.
    pub(super) fn told(name: &str) -> Option<&'static str> {
        let mut all = ALL.iter();
        all.find_map(|(_, known, sentence)| (*known == name).then_some(*sentence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_done_is_told() {
        for (done, name, sentence) in ALL {
            assert_eq!(done.name(), name);
            assert_eq!(Done::told(name), Some(sentence));
        }
        assert_eq!(Done::told("<script>"), None);
    }
}
