//! Whether a version of the server is one that this device has sent.

use crate::remote::Change;
use crate::state::Entry;

/// Whether a change is what was sent from here, when no answer said that it was stored. Others may save the same text,
/// and a copied file has the same time, so the name of the device must be the same too.
pub fn is_own(entry: Option<&Entry>, change: &Change, device: &str) -> bool {
    let sent = entry.and_then(|entry| entry.sent.as_ref());
    let is_same = sent.is_some_and(|sent| {
        change.checksum.as_ref() == Some(&sent.checksum) && change.modified == sent.modified
    });
    let called = change.device.as_deref();
    is_same && called.is_some_and(|called| is_name(device, called))
}

/// Whether the server calls a device so: by its name, with that of its key before it.
fn is_name(name: &str, called: &str) -> bool {
    let behind_key = called.strip_suffix(')');
    let behind_key = behind_key.and_then(|called| called.strip_suffix(name));
    called == name || behind_key.is_some_and(|key| key.ends_with(" ("))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Sent;

    #[test]
    fn a_device_is_known_by_its_name_with_that_of_its_key() {
        for (called, is_same) in [
            ("laptop", true),
            ("work (laptop)", true),
            ("work (my laptop)", false),
            ("work", false),
            ("(laptop)", false),
            ("laptop)", false),
        ] {
            assert_eq!(is_name("laptop", called), is_same, "{called}");
        }
    }

    #[test]
    fn only_the_same_text_with_its_time_from_this_device_is_what_was_sent() {
        let entry = Entry {
            sent: Some(Sent {
                checksum: "x".to_owned(),
                modified: 7,
            }),
            ..Entry::default()
        };
        let is_own = |checksum: &str, modified, device: Option<&str>| {
            let change = Change {
                rev: 1,
                path: "a.md".to_owned(),
                checksum: Some(checksum.to_owned()),
                modified,
                device: device.map(str::to_owned),
                content: None,
            };
            super::is_own(Some(&entry), &change, "b")
        };
        assert!(is_own("x", 7, Some("b")));
        assert!(!is_own("y", 7, Some("b")) && !is_own("x", 8, Some("b")));
        assert!(!is_own("x", 7, Some("a")) && !is_own("x", 7, None));
    }
}
