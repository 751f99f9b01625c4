//! Settings that cannot be used.

use std::fs;

use serde_json::json;
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
fn a_pattern_that_no_file_matches_is_told() {
    let host = Host::start();
    let laptop = Device::new("laptop");
    let settings = |patterns: &[&str]| {
        let settings = json!({ "sync": { "include": patterns, "categories": ["ideas"] } });
        fs::write(laptop.root().join(".kamirc.json"), settings.to_string()).unwrap();
    };
    laptop.write("ideas/a.png", "a");
    settings(&["/img/", "*.png"]);
    let told = "kamisync: No file in ideas matches '/img/' of sync.include.\n";
    let link = ["link", &host.url, "--project", "p"];
    for command in [&link[..], &["status"]] {
        assert_eq!(laptop.run(command).err, told, "{command:?}");
    }
    settings(&["ideas\\img"]);
    let refused = laptop.run(&link);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains(r"'ideas\img'"), "{refused:?}");
}

#[test]
fn a_folder_of_the_settings_that_is_not_there_is_told() {
    let host = Host::start();
    let laptop = Device::new("laptop");
    let settings = r#"{"sync": {"categories": ["tasks", "idea"]}}"#;
    fs::write(laptop.root().join(".kamirc.json"), settings).unwrap();
    laptop.write("ideas/a.md", "a");
    let link = ["link", &host.url, "--project", "p"];
    let told = "kamisync: There is no folder .kamiflow/idea, which sync.categories names.\n";
    for command in [&link[..], &["status"]] {
        let finished = laptop.run(command);
        assert_eq!(
            (finished.code, &*finished.err),
            (Some(0), told),
            "{command:?}"
        );
    }
    fs::create_dir(laptop.place("idea")).unwrap();
    assert_eq!(laptop.run(&["status"]).err, "");
}

#[test]
fn settings_of_the_home_folder_that_are_no_object_do_not_matter() {
    let host = Host::start();
    let laptop = Device::linked("laptop", &host);
    fs::create_dir(laptop.root().join(".kami-flow")).unwrap();
    fs::write(laptop.root().join(".kami-flow/.kamirc.json"), "[]").unwrap();
    laptop.run(&["sync"]).good();
}
