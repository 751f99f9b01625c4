//! Prints what a command has to say.

use std::fmt::Display;
use std::io::Write;

/// Prints a line, as `println!`, which panics when nobody reads any more, as after `| head`.
pub fn say(line: impl Display) {
    _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints bytes as they are.
pub fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Tells a person something that is no result.
pub fn note(line: impl Display) {
    _ = writeln!(std::io::stderr(), "{line}");
}
