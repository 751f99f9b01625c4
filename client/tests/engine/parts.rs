//! Changes that are too many for one push.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use kamisync::round::Session;
use support::Host;

use crate::device::{Device, PROJECT, settle};
use crate::lossy::Lossy;

/// Takes about eight of the files.
fn host() -> Host {
    Host::with(&[("MAX_BODY_SIZE", "20000"), ("MAX_FILE_SIZE", "12000")])
}

/// A device with files for several pushes.
fn device(host: &Host) -> Device {
    let device = Device::new(host, "a");
    for number in 0..40 {
        device.write(&path(number), &format!("{number}").repeat(1000));
    }
    device
}

fn path(number: u32) -> String {
    format!("ideas/{number}.md")
}

/// A way on which a push is longer than it takes to read the next.
fn slow(device: &Device) -> Lossy<'_> {
    Lossy {
        way: Duration::from_millis(100),
        ..Lossy::of(device)
    }
}

#[test]
fn a_part_is_sent_while_the_one_before_is_stored() {
    let host = host();
    let (a, b) = (device(&host), Device::new(&host, "b"));
    let way = slow(&a);
    assert_eq!(a.try_sync(&way, false).unwrap().uploaded.len(), 40);
    assert!(way.pushes.load(Relaxed) > 3);
    assert_eq!(way.most_on_their_way.load(Relaxed), 2);
    assert_eq!(settle(&[&a, &b]).len(), 40);
}

#[test]
fn own_parts_are_not_read_in_the_feed() {
    let host = host();
    let (a, b) = (device(&host), Device::new(&host, "b"));
    let way = Lossy {
        // Before anything is sent.
        pages_left: 1.into(),
        ..slow(&a)
    };
    assert_eq!(a.try_sync(&way, false).unwrap().uploaded.len(), 40);
    let cursor = host.client().status(PROJECT)["cursor"].clone();
    let session = Session::open(a.folder()).unwrap();
    assert_eq!(session.cursor().unwrap().as_deref(), cursor.as_str());
    drop(session);
    assert_eq!(settle(&[&a, &b]).len(), 40);
}

#[test]
fn what_another_device_stores_meanwhile_is_read_in_the_same_round() {
    let host = host();
    let (a, b) = (device(&host), Device::new(&host, "b"));
    b.write("ideas/b.md", "of the other device");
    let way = Lossy {
        meanwhile: &|| drop(b.sync()),
        ..slow(&a)
    };
    let report = a.try_sync(&way, false).unwrap();
    assert_eq!(report.downloaded.len(), 1);
    assert_eq!(a.read("ideas/b.md").as_deref(), Some("of the other device"));
    assert_eq!(settle(&[&a, &b]).len(), 41);
}

#[test]
fn a_part_with_a_deletion_is_sent_alone() {
    let host = host();
    let (a, b) = (device(&host), Device::new(&host, "b"));
    settle(&[&a, &b]);
    for number in 0..40 {
        // A folder takes the place of each file.
        a.rename(&path(number), &format!("tasks/{number}.md"));
        a.write(&format!("{}/new.md", path(number)), "new");
    }
    let way = slow(&a);
    let report = a.try_sync(&way, false).unwrap();
    assert_eq!((report.uploaded.len(), report.left.len()), (80, 0));
    assert_eq!(settle(&[&a, &b]).len(), 80);
}

#[test]
fn a_part_whose_answer_is_lost_beside_another_is_not_sent_again() {
    for lost in 1..=4 {
        let host = host();
        let (a, b) = (device(&host), Device::new(&host, "b"));
        let way = Lossy { lost, ..slow(&a) };
        a.try_sync(&way, false).unwrap_err();
        let report = a.sync();
        assert!(report.conflicts.is_empty(), "{report:?}");
        assert!(report.downloaded.is_empty(), "{report:?}");
        assert_eq!(settle(&[&a, &b]).len(), 40);
    }
}
