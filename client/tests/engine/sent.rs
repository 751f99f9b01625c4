//! What was sent, was never stored, and was taken back; meanwhile another device saves the same text.

use kamisync::error::SyncError;
use kamisync::remote::RemoteError;
use kamisync::state::State;
use serde_json::json;
use support::Host;

use crate::device::{Device, settle};
use crate::lossy::Lossy;

/// Two devices in sync with `ideas/a.md`.
fn pair(host: &Host) -> (Device, Device) {
    let (a, b) = (Device::new(host, "a"), Device::new(host, "b"));
    a.write("ideas/a.md", "old\n");
    a.write("ideas/other.md", "other\n");
    settle(&[&a, &b]);
    (a, b)
}

/// A round whose push does not get to the server.
fn lose_push(device: &Device) {
    let cut = Lossy {
        is_cut: true,
        ..Lossy::of(device)
    };
    let error = device.try_sync(&cut, false).unwrap_err();
    assert!(
        matches!(error, SyncError::Remote(RemoteError::Offline(_))),
        "{error}"
    );
}

#[test]
fn the_text_of_another_device_is_not_taken_for_a_push_that_never_arrived() {
    let host = Host::start();
    let (a, b) = pair(&host);
    b.write("ideas/a.md", "new\n");
    b.write("ideas/new.md", "new\n");
    lose_push(&b);
    b.write("ideas/a.md", "old\n");
    b.delete("ideas/new.md");
    a.write("ideas/a.md", "new\n");
    a.write("ideas/new.md", "new\n");
    a.sync();
    let report = b.sync();
    assert_eq!(report.downloaded.len(), 2, "{report:?}");
    let files = settle(&[&a, &b]);
    assert_eq!(
        (&*files["ideas/a.md"], &*files["ideas/new.md"]),
        ("new\n", "new\n")
    );
}

#[test]
fn an_edit_after_a_push_that_never_arrived_does_not_bury_the_same_text_of_another_device() {
    let host = Host::start();
    let (a, b) = pair(&host);
    b.write("ideas/a.md", "new\n");
    lose_push(&b);
    b.write("ideas/a.md", "another\n");
    a.write("ideas/a.md", "new\n");
    a.sync();
    assert_eq!(b.sync().conflicts.len(), 1);
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "new\n");
    assert!(files.values().any(|text| text == "another\n"), "{files:?}");
}

#[test]
fn what_the_server_refuses_or_never_got_is_not_remembered_as_sent() {
    let host = Host::start();
    let (a, b) = pair(&host);
    let body = json!({"name": "reader", "scope": "read"});
    let made = host.client().post("/v1/keys", &body).json;
    let reader = Device::with_key(&host, "reader", made["key"].as_str().unwrap());
    reader.sync();
    let is_sent = |device: &Device, path: &str| {
        let state = State::look(&device.folder()).unwrap();
        state
            .entries
            .get(path)
            .is_some_and(|entry| entry.sent.is_some())
    };
    reader.write("ideas/a.md", "new\n");
    assert_eq!(reader.sync().left.len(), 1);
    assert!(!is_sent(&reader, "ideas/a.md"));
    reader.write("ideas/a.md", "old\n");
    b.write("ideas/a.md", "new\n");
    lose_push(&b);
    assert!(is_sent(&b, "ideas/a.md"));
    b.write("ideas/a.md", "old\n");
    assert!(b.sync().is_in_step());
    assert!(!is_sent(&b, "ideas/a.md"));
    a.write("ideas/a.md", "new\n");
    a.sync();
    for device in [&reader, &b] {
        assert_eq!(device.sync().downloaded.len(), 1);
        assert_eq!(device.read("ideas/a.md").as_deref(), Some("new\n"));
    }
}

#[test]
fn with_the_key_of_a_device_an_edit_after_a_lost_answer_is_no_conflict() {
    let host = Host::start();
    let (a, _) = pair(&host);
    let body = json!({"name": "key of b", "scope": "write"});
    let made = host.client().post("/v1/keys", &body).json;
    let b = Device::with_key(&host, "b", made["key"].as_str().unwrap());
    b.sync();
    b.write("ideas/a.md", "new\n");
    let lossy = Lossy {
        lost: 1,
        ..Lossy::of(&b)
    };
    b.try_sync(&lossy, false).unwrap_err();
    b.write("ideas/a.md", "newer\n");
    assert!(b.sync().conflicts.is_empty());
    assert_eq!(settle(&[&a, &b])["ideas/a.md"], "newer\n");
}
