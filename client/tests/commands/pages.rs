//! What the pages and the units of services say about the program.

use std::fs;
use std::process::Command;

use support::{finished, is_installed, root};

use crate::Device;

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

fn help(arguments: &[&str]) -> String {
    Device::new("laptop").run(arguments).good()
}

/// The commands of the shell blocks, without comments.
fn commands(page: &str) -> Vec<String> {
    let text = read(page);
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        inside ^= line.starts_with("```");
        inside
    });
    let commands = lines.flat_map(|line| line.split(" #").next().unwrap().split("&& "));
    let commands = commands.filter(|command| command.starts_with("kamisync "));
    commands.map(str::to_owned).collect()
}

#[test]
fn the_commands_of_the_pages_exist_with_their_options() {
    let commands: Vec<String> = ["docs/client.md", "README.md"]
        .into_iter()
        .flat_map(commands)
        .collect();
    assert!(commands.len() > 10, "{commands:?}");
    for command in commands {
        let mut words = command.split_whitespace().skip(1);
        let help = help(&[words.next().unwrap(), "--help"]);
        for option in words.filter(|word| word.starts_with("--")) {
            assert!(help.contains(option), "{command}: {help}");
        }
    }
}

#[test]
fn the_page_has_the_exit_codes_of_the_help() {
    let page = read("docs/client.md");
    let help = help(&["--help"]);
    let (_, codes) = help.split_once("Exit codes:\n").unwrap();
    let codes: Vec<&str> = codes
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(codes, ["0", "1", "2", "3", "4", "5", "6"]);
    for code in codes {
        assert!(page.contains(&format!("\n| {code} | ")), "{code}");
    }
}

/// The arguments of a service, with this folder for the one that it names.
fn is_started(arguments: &[&str], folder: &str) {
    let named: Vec<&str> = arguments
        .iter()
        .map(|argument| {
            if argument.contains(folder) {
                "."
            } else {
                argument
            }
        })
        .collect();
    let started = Device::new("laptop").run(&named);
    // It would watch, were the folder linked.
    assert_eq!(started.code, Some(2), "{started:?}");
    assert!(started.err.contains("is not linked"), "{started:?}");
}

#[test]
fn services_start_a_watch() {
    let unit = read("deploy/client/kamisync@.service");
    let start = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart="))
        .unwrap();
    let words: Vec<&str> = start.split_whitespace().collect();
    assert_eq!(words[0], "%h/.local/bin/kamisync");
    is_started(&words[1..], "%f");
    assert!(unit.contains("\nRestartPreventExitStatus=2\n"));
    let plist = read("deploy/client/kamisync.plist");
    let (_, list) = plist.split_once("<key>ProgramArguments</key>").unwrap();
    let (list, _) = list.split_once("</array>").unwrap();
    let words: Vec<&str> = list
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_prefix("<string>")?
                .strip_suffix("</string>")
        })
        .collect();
    assert!(words[0].ends_with("/bin/kamisync"), "{words:?}");
    is_started(&words[1..], "/Users/YOU");
}

#[test]
fn systemd_takes_the_unit() {
    if !is_installed("systemd-analyze") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let unit = read("deploy/client/kamisync@.service");
    // It also looks whether the program is there.
    let unit = unit.replace("%h/.local/bin/kamisync", "/bin/true");
    fs::write(folder.path().join("kamisync@.service"), unit).unwrap();
    let mut verify = Command::new("systemd-analyze");
    verify
        .args(["verify", "--user", "--man=no", "kamisync@.service"])
        .env("XDG_RUNTIME_DIR", folder.path())
        .current_dir(&folder);
    let verified = finished(verify.output().unwrap());
    assert_eq!(verified.err, "", "{verified:?}");
    verified.good();
}
