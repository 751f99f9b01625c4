//! The project is moved to another server while devices have edits that they have not pushed.

use support::{Host, argument, run};

use crate::device::{Device, settle};

#[test]
fn devices_go_on_at_another_server_as_if_nothing_had_happened() {
    let (one, two) = (Host::start(), Host::start());
    let (mut a, mut b) = (Device::new(&one, "a"), Device::new(&one, "b"));
    a.write("ideas/a.md", "one\ntwo\nthree\n");
    a.write("ideas/gone.md", "x\n");
    a.write("ideas/same.md", "same\n");
    settle(&[&a, &b]);

    let moved = one.database().with_file_name("p.db");
    run(&one.database(), &["move-out", "p", argument(&moved)]).good();
    a.write("ideas/a.md", "ONE\ntwo\nthree\n");
    b.write("ideas/a.md", "one\ntwo\nTHREE\n");
    b.write("ideas/new.md", "new\n");
    b.delete("ideas/gone.md");
    let before = a.files();
    let refusal = a.fail().to_string();
    assert!(refusal.contains("moved to another server"), "{refusal}");
    assert_eq!(a.files(), before);

    run(&two.database(), &["move-in", argument(&moved)]).good();
    for device in [&mut a, &mut b] {
        device.move_to(&two);
    }
    let report = a.sync();
    assert_eq!(report.uploaded.len(), 1, "{report:?}");
    assert!(report.downloaded.is_empty(), "{report:?}");
    let report = b.sync();
    assert!(report.conflicts.is_empty() && report.merged.contains("ideas/a.md"));
    let files = settle(&[&a, &b]);
    assert_eq!(files["ideas/a.md"], "ONE\ntwo\nTHREE\n");
    assert_eq!(files["ideas/new.md"], "new\n");
    assert!(!files.contains_key("ideas/gone.md"));
    assert_eq!(files.len(), 3);
}
