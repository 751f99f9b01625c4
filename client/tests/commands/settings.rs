//! Settings that cannot be used.

use std::fs;

use support::Host;

use crate::Device;

#[test]
fn settings_that_are_no_object_are_told_by_every_command() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    let settings = laptop.root().join(".kamirc.json");
    for broken in ["[]", r#""x""#, "5", r#"{"sync": []}"#] {
        fs::write(&settings, broken).unwrap();
        for command in [&["sync"][..], &["status"], &["link", &host.url]] {
            let refused = laptop.run(command);
            assert_eq!(refused.code, Some(2), "{broken} {refused:?}");
            let is_sentence =
                refused.err.contains(".kamirc.json") && refused.err.lines().count() == 1;
            assert!(is_sentence, "{refused:?}");
        }
        assert_eq!(fs::read_to_string(&settings).unwrap(), broken);
    }
}

#[test]
fn settings_of_the_home_folder_that_are_no_object_do_not_matter() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    fs::create_dir(laptop.root().join(".kami-flow")).unwrap();
    fs::write(laptop.root().join(".kami-flow/.kamirc.json"), "[]").unwrap();
    laptop.run(&["sync"]).good();
}
