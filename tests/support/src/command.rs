//! Runs the program as an operator would: as a server, or a command to its end.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::component::{self, manifest};
use crate::{KEY, root, spin};

/// A program with the manifest of the component that it serves.
#[derive(Debug, Clone)]
pub struct Build {
    /// Path of `kamiflow-sync`.
    pub program: PathBuf,
    /// Path of the manifest.
    pub manifest: PathBuf,
}

impl Build {
    /// What cargo built for this run, with the manifest under test.
    pub fn current() -> Self {
        Self::with_manifest(component::under_test())
    }

    /// What cargo built for this run, with another manifest.
    pub fn with_manifest(manifest: &Path) -> Self {
        Self {
            program: program(),
            manifest: manifest.to_owned(),
        }
    }

    /// Another program: its manifest is the next `spin.toml` beside it or above it, so both
    /// `target/release/kamiflow-sync` of a checkout and an installed program can be named.
    pub fn of(program: &Path) -> Self {
        let program = program.canonicalize().expect("a program");
        let mut manifests = program
            .ancestors()
            .skip(1)
            .map(|folder| folder.join("spin.toml"));
        let manifest = manifests.find(|manifest| manifest.is_file());
        Self {
            manifest: manifest.expect("a spin.toml beside or above the program"),
            program,
        }
    }

    /// Path of the component.
    pub fn component(&self) -> PathBuf {
        let text = std::fs::read_to_string(&self.manifest).expect("a manifest");
        let table: toml::Table = text.parse().expect("TOML");
        let source = table["component"]["kamiflow-sync"]["source"].as_str();
        self.manifest.with_file_name(source.expect("a local file"))
    }

    /// The command that starts a server with its data in `folder`, which takes files anywhere.
    pub fn server(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(["up".as_ref(), "--from".as_ref(), self.manifest.as_os_str()])
            .env("PORT", "0")
            .env("DB_PATH", folder.join("sync.db"))
            .env("API_KEY", KEY)
            .env("RATE_LIMIT_MAX_REQUESTS", "1000000")
            .env("SYNC_FOLDERS", "*")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// A command of the program for the installation with this database, which takes files anywhere.
    pub fn command(&self, database: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("DB_PATH", database)
            .env("SYNC_FOLDERS", "*")
            .env_remove("API_KEY")
            .current_dir(self.manifest.parent().expect("a folder"));
        command
    }
}

/// The command that starts a server with its data in `folder` and these environment variables; on Spin
/// where `SPIN` names it.
pub fn server(folder: &Path, settings: &[(&str, &str)]) -> Command {
    let mut command = Build::current().server(folder);
    command.envs(settings.iter().copied());
    spin::instead_of(command, folder)
}

/// A command that another one starts, such as `["nice", "-n", "5"]`.
pub fn wrapped(wrapper: &[&str], command: &Command) -> Command {
    let mut wrapped = Command::new(wrapper[0]);
    wrapped
        .args(&wrapper[1..])
        .arg(command.get_program())
        .args(command.get_args());
    like(command, wrapped)
}

/// Another command with the variables and the folder of a command.
pub(crate) fn like(command: &Command, mut other: Command) -> Command {
    other
        .envs(
            command
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(folder) = command.get_current_dir() {
        other.current_dir(folder);
    }
    other
}

/// Path of the program. Cargo names it to the tests and benchmarks of its package; the tests of the client
/// find it beside their own programs.
pub fn program() -> PathBuf {
    let named = std::env::var_os("CARGO_BIN_EXE_kamiflow-sync").map(PathBuf::from);
    named.or_else(beside_tests).expect(
        "kamiflow-sync is not built: run `cargo test --package kamiflow-sync --no-run` first",
    )
}

/// Tests run in the folder `deps` beside the programs.
fn beside_tests() -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let program = test.parent()?.with_file_name("kamiflow-sync");
    program.is_file().then_some(program)
}

/// What a command left when it ended.
#[derive(Debug)]
pub struct Finished {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Finished {
    /// Requires success and returns the output.
    pub fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Requires a failure and returns everything that was printed.
    pub fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self.out + self.err.as_str()
    }
}

/// A command of what cargo built for this run.
pub fn command(database: &Path, arguments: &[&str]) -> Command {
    Build::with_manifest(&root().join(manifest())).command(database, arguments)
}

/// Runs a command to its end.
pub fn run(database: &Path, arguments: &[&str]) -> Finished {
    finished(command(database, arguments).output().expect("it runs"))
}

/// The output of a command as text.
pub fn finished(output: Output) -> Finished {
    Finished {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// A path as an argument.
pub fn argument(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// Sends SIGTERM with `kill`: the standard library can only send SIGKILL.
pub fn terminate(pid: u32) {
    let sent = Command::new("kill").arg(pid.to_string()).status();
    assert!(sent.expect("kill runs").success());
}
