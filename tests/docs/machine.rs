//! A machine to paste commands into, without root: a folder is the root of its file system, and the programs
//! in `bin/` stand for sudo, systemd and the container engine. What they start is the real program.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use support::{Build, file, finished, free_port, root};
use tempfile::TempDir;

use crate::block::Block;
use crate::shell;

/// Where the pages say that things are.
const PLACES: [&str; 3] = [
    "/opt/kamiflow-sync",
    "/var/lib/kamiflow-sync",
    "/var/backups/kamiflow-sync",
];
/// Where systemd reads the settings.
const SETTINGS: &str = "/etc/kamiflow-sync.env";
/// The backup that the pages take for an example.
const BACKUP: &str = "kamiflow-sync-20261122T033000Z.db";

/// How the server is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Systemd,
    Container,
}

impl Kind {
    /// The installation that a block is written for.
    pub fn of(block: &Block) -> Self {
        if block.text.contains("docker") {
            Self::Container
        } else {
            Self::Systemd
        }
    }
}

/// The machine. Its server ends with it.
pub struct Machine {
    kind: Kind,
    folder: TempDir,
    port: u16,
}

impl Drop for Machine {
    fn drop(&mut self) {
        _ = self.shell("server stop").status();
    }
}

impl Machine {
    /// A machine whose server holds one file, and a backup of it.
    pub fn start(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        let machine = Self { kind, folder, port };
        machine.install();
        machine.run("server start");
        let body = json!({ "files": [file("ideas/hello.md", b"hello")] });
        fs::write(machine.root().join("home/push.json"), body.to_string()).expect("a file");
        machine.run(&format!("{} -d @push.json", ask("sync")));
        let backup = format!("/var/backups/kamiflow-sync/{BACKUP}");
        machine.run(&format!(
            "kamiflow-sync backup {backup} && cp {backup} last.db"
        ));
        machine
    }

    /// A shell that pastes a block of a page, which knows the folders inside the container only.
    pub fn paste(&self, block: &Block) -> Command {
        match self.kind {
            Kind::Systemd => self.shell(&block.text),
            Kind::Container => self.shell(&block.text.replace("/backups", PLACES[2])),
        }
    }

    /// A shell in the home folder.
    fn shell(&self, script: &str) -> Command {
        let mut shell = shell(&self.root().join("home"), &self.moved(script));
        let (bin, path) = (root().join("tests/docs/bin"), std::env::var("PATH"));
        let installed = self.root().join("usr/local/bin");
        let path = format!(
            "{}:{}:{}",
            bin.display(),
            installed.display(),
            path.expect("PATH")
        );
        shell
            .env("PATH", path)
            .env("MACHINE", self.root())
            .env("SETTINGS", self.settings())
            .env_remove("API_KEY");
        shell
    }

    /// Runs a script and returns its output.
    pub fn run(&self, script: &str) -> String {
        finished(self.shell(script).output().expect("bash runs")).good()
    }

    /// Content of the file that every machine has at the start.
    pub fn content(&self) -> String {
        self.run(&ask("files/ideas/hello.md"))
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn settings(&self) -> PathBuf {
        let below = match self.kind {
            Kind::Systemd => &SETTINGS[1..],
            Kind::Container => "home/.env",
        };
        self.root().join(below)
    }

    fn install(&self) {
        let image = self.root().join("image");
        image_at(&image);
        install(&image, self.root());
        fs::create_dir_all(self.root().join("home")).expect("a folder");
        for place in &PLACES[1..] {
            fs::create_dir_all(self.root().join(&place[1..])).expect("a folder");
        }
        let etc = self.root().join(&SETTINGS[1..]);
        let settings = fs::read_to_string(&etc).expect("settings");
        fs::remove_file(etc).expect("settings");
        let settings = format!("{}\nPORT={}\n", self.moved(&settings), self.port);
        fs::write(self.settings(), settings).expect("settings");
        let command = self.root().join("usr/local/bin/kamiflow-sync");
        let text = fs::read_to_string(&command).expect("the command");
        fs::write(command, self.moved(&text)).expect("the command");
    }

    /// The text with all places and the address of the server those of this machine.
    fn moved(&self, text: &str) -> String {
        let settings = self.settings();
        let mut text = text
            .replace(SETTINGS, settings.to_str().expect("UTF-8"))
            .replace("127.0.0.1:3000", &format!("127.0.0.1:{}", self.port));
        for place in PLACES {
            let here = self.root().join(&place[1..]);
            text = text.replace(place, here.to_str().expect("UTF-8"));
        }
        text
    }
}

/// A command that asks for something of the project.
fn ask(what: &str) -> String {
    let url = format!("http://127.0.0.1:3000/v1/projects/notes/{what}");
    format!(r#"curl -sf {url} -H "Authorization: Bearer $(key)""#)
}

/// A release as `deploy/assemble` makes it, of what was built for the tests.
pub fn image_at(image: &Path) {
    let (app, build) = (image.join("app"), Build::current());
    fs::create_dir_all(&app).expect("a folder");
    for file in ["spin.toml", "runtime-config.toml"] {
        fs::copy(root().join(file), app.join(file)).expect("a copy");
    }
    let component = build.component();
    let name = component.file_name().expect("a name");
    symlink(&component, app.join(name)).expect("a link");
    symlink(&build.program, app.join("kamiflow-sync")).expect("a link");
}

/// Runs the script that installs a release, with another folder as the root of the machine.
pub fn install(image: &Path, machine: &Path) {
    let mut install = Command::new(root().join("deploy/systemd/install"));
    let output = install.arg(image).env("DESTDIR", machine).output();
    finished(output.expect("it runs")).good();
}
