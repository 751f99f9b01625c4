//! The program `kamisync`.

use std::process::ExitCode;

fn main() -> ExitCode {
    kamisync::commands::run()
}
