//! Runs a command of the program as an operator would.

use std::path::Path;
use std::process::{Command, Output};

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    /// Whether it succeeded.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Ran {
    /// Requires success and answers the output.
    pub fn good(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// Requires a failure and answers all that was said.
    pub fn failed(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self.out + self.err.as_str()
    }
}

/// The program, for the installation whose database this is.
pub fn command(database: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kamiflow-sync"));
    command
        .args(arguments)
        .env("DB_PATH", database)
        .env_remove("API_KEY")
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Runs it to its end.
pub fn run(database: &Path, arguments: &[&str]) -> Ran {
    ran(command(database, arguments).output().expect("it runs"))
}

/// What this output says.
pub fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

/// A path as an argument.
pub fn argument(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}
