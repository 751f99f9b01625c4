//! What a release has: `deploy/assemble`, with a cargo that has built everything already.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use support::{Build, Finished, finished, is_installed, root};
use tempfile::TempDir;

/// What of the client is in a release, without its manual pages.
const CLIENT: [&str; 7] = [
    "bin/kamisync",
    "share/bash-completion/completions/kamisync",
    "share/fish/vendor_completions.d/kamisync.fish",
    "share/kamisync/LICENSE",
    "share/kamisync/kamisync.plist",
    "share/systemd/user/kamisync@.service",
    "share/zsh/site-functions/_kamisync",
];

/// A machine on which everything is built.
struct Machine(TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        for folder in ["bin", "target/dist", "target/wasm32-wasip2/dist"] {
            fs::create_dir_all(machine.at(folder)).unwrap();
        }
        let cargo = machine.at("bin/cargo");
        fs::write(
            &cargo,
            "#!/bin/sh\necho \"$@\" >>\"$CARGO_TARGET_DIR/asked\"\n",
        )
        .unwrap();
        fs::set_permissions(cargo, fs::Permissions::from_mode(0o755)).unwrap();
        let build = Build::current();
        for (built, name) in [
            (build.program.as_path(), "dist/kamiflow-sync"),
            (Path::new(env!("CARGO_BIN_EXE_kamisync")), "dist/kamisync"),
            (
                &build.component(),
                "wasm32-wasip2/dist/kamiflow_sync_component.wasm",
            ),
        ] {
            symlink(built, machine.at("target").join(name)).unwrap();
        }
        machine
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    /// Runs `deploy/assemble`.
    fn assemble(&self, arguments: &[&str]) -> Finished {
        let path = std::env::var("PATH").unwrap();
        let mut assemble = Command::new(root().join("deploy/assemble"));
        assemble
            .args(arguments)
            .env("PATH", format!("{}:{path}", self.at("bin").display()))
            .env("CARGO_TARGET_DIR", self.at("target"));
        finished(assemble.output().unwrap())
    }

    /// The files below a folder.
    fn files(&self, folder: &str) -> BTreeSet<String> {
        let mut find = Command::new("find");
        find.args([".", "-type", "f", "-printf", "%P\\n"])
            .current_dir(self.at(folder));
        let found = finished(find.output().unwrap()).good();
        found.lines().map(str::to_owned).collect()
    }

    fn image(&self) -> String {
        self.at("image").to_str().unwrap().to_owned()
    }
}

#[test]
fn a_release_has_the_client_with_its_pages_completions_and_units() {
    let machine = Machine::new();
    let image = machine.image();
    // Also over a release that is there.
    for _ in 0..2 {
        machine.assemble(&[&image, "client"]).good();
    }
    let files = machine.files("image/client");
    let is_page = |file: &&String| file.starts_with("share/man/man1/");
    let (pages, others): (Vec<&String>, Vec<&String>) = files.iter().partition(is_page);
    assert_eq!(others, CLIENT);
    assert!(!machine.at("image/app").exists());
    let program = machine.at("image/client/bin/kamisync");
    let help = finished(Command::new(&program).arg("--help").output().unwrap()).good();
    let commands = help.split("Commands:").nth(1).unwrap();
    let commands = commands.lines().skip(1).take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        let page = format!("share/man/man1/kamisync-{command}.1");
        assert!(
            command == "help" || pages.contains(&&page),
            "{page}: {pages:?}"
        );
    }
    let asked = fs::read_to_string(machine.at("target/asked")).unwrap();
    let build = "build --locked --profile dist --package kamisync --bin kamisync\n";
    assert_eq!(asked, build.repeat(2));
}

#[test]
fn a_release_has_server_and_client_unless_one_is_named() {
    let machine = Machine::new();
    let image = machine.image();
    machine.assemble(&[&image]).good();
    let app = machine.files("image/app");
    let expected = [
        "LICENSE",
        "kamiflow-sync",
        "kamiflow_sync_component.wasm",
        "runtime-config.toml",
        "spin.toml",
    ];
    assert!(app.iter().eq(expected), "{app:?}");
    assert!(machine.at("image/client/bin/kamisync").exists());
    fs::remove_dir_all(&image).unwrap();
    machine.assemble(&[&image, "server"]).good();
    assert!(machine.at("image/app").exists() && !machine.at("image/client").exists());
    let wrong = machine.assemble(&[&image, "both"]);
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

#[test]
fn bash_completes_the_commands_of_a_release() {
    if !is_installed("bash") {
        return;
    }
    let machine = Machine::new();
    machine.assemble(&[&machine.image(), "client"]).good();
    let script = machine.at("image/client").join(CLIENT[1]);
    let complete = "source \"$0\"; COMP_WORDS=(kamisync wa); COMP_CWORD=1; \
                    _kamisync kamisync wa kamisync; echo \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    bash.args(["-c", complete]).arg(script);
    assert_eq!(finished(bash.output().unwrap()).good(), "watch\n");
}
