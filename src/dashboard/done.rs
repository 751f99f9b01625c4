//! What has just been done, or why it was not, as the page says it to which the form leads.

use http::Request;

use super::origin;
use crate::api::request::parameter;

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
    SessionEnded,
    CookieLost,
}

/// What a page says of it.
pub(super) struct Notice {
    pub(super) sentence: &'static str,
    /// Whether nothing was done.
    pub(super) is_refusal: bool,
}

/// Each with its name in the address.
const ALL: [(Done, &str, &str); 10] = [
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
    (
        Done::SessionEnded,
        "session-ended",
        "Nothing was changed: your session has ended. Sign in, and send the form again.",
    ),
    (
        Done::CookieLost,
        "cookie-lost",
        "Nothing is open: the browser does not send back the cookie of your session. Allow cookies for this address, and open it over HTTPS if it was open over HTTPS before.",
    ),
];

impl Done {
    /// Its name in the address.
    pub(super) fn name(self) -> &'static str {
        ALL[self as usize].1
    }

    /// What a page is to say. Only this server leads to a page that says something: a link of somebody else would make it
    /// say what was never done.
    pub(super) fn asked(head: &Request<()>) -> Option<Notice> {
        let name = parameter(head, "done");
        let name = name.filter(|_| origin::is_from_here(head.headers()));
        Self::told(&name?)
    }

    /// What is said for a name.
    fn told(name: &str) -> Option<Notice> {
        let known = ALL.iter().find(|(_, known, _)| *known == name);
        known.map(|(done, _, sentence)| Notice {
            sentence,
            is_refusal: done.is_refusal(),
        })
    }

    fn is_refusal(self) -> bool {
        match self {
            Self::FileHasChanged
            | Self::ProjectHasChanged
            | Self::AlreadyRotated
            | Self::SessionEnded
            | Self::CookieLost => true,
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
