//! The program as another user of this machine runs it.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::command::{Build, Finished, finished};

/// Another user, with copies of the program and of what it reads, since a checkout may be private.
pub struct OtherUser {
    id: u32,
    build: Build,
    _folder: TempDir,
}

impl OtherUser {
    /// `None`, which is said, unless root runs the tests: nobody else may run a program as another user.
    pub fn new(id: u32) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if folder.path().metadata().expect("its owner").uid() != 0 {
            eprintln!("NOT TESTED: only root can run the program as another user");
            return None;
        }
        let public = PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), public).expect("root's own folder");
        let build = copies(&Build::current(), folder.path());
        Some(Self {
            id,
            build,
            _folder: folder,
        })
    }

    /// Runs a command of the program to its end.
    pub fn run(&self, database: &Path, arguments: &[&str]) -> Finished {
        let mut command = self.with_id(self.build.command(database, arguments));
        finished(command.output().expect("it runs"))
    }

    /// The command that starts a server with its data in `folder`.
    pub fn server(&self, folder: &Path) -> Command {
        self.with_id(self.build.server(folder))
    }

    fn with_id(&self, mut command: Command) -> Command {
        command.uid(self.id).gid(self.id);
        command
    }
}

/// Copies by another program: while this one had a copy open for writing, a process that another test
/// starts at that moment would have it open too, and a program that is open for writing does not start.
fn copies(build: &Build, folder: &Path) -> Build {
    let root = build.manifest.parent().expect("the root");
    let copy = |from: &Path| {
        // What lies in the root keeps its place there; the program may have been built elsewhere.
        let name = from
            .strip_prefix(root)
            .ok()
            .or(from.file_name().map(Path::new));
        let to = folder.join(name.expect("a file"));
        // Makes folders too, and lets every user read all of it.
        let install = Command::new("install").arg("-D").args([from, &to]).status();
        assert!(install.expect("install runs").success(), "{from:?}");
        to
    };
    copy(&root.join("runtime-config.toml"));
    copy(&build.component());
    Build {
        program: copy(&build.program),
        manifest: copy(&build.manifest),
    }
}
