//! Prints what a command has to say.

use std::fmt::Display;
use std::io::Write;

/// Prints a line, as `println!`, which panics when nobody reads any more, as after `| head`.
pub fn say(line: impl Display) {
    _ = writeln!(std::io::stdout(), "{}", plain(line));
}

/// Prints bytes as they are.
pub fn print(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    _ = out.write_all(bytes).and_then(|()| out.flush());
}

/// Tells a person something that is no result.
pub fn note(line: impl Display) {
    _ = writeln!(std::io::stderr(), "{}", plain(line));
}

/// Names and sentences come from others too, and must not steer the terminal.
fn plain(line: impl Display) -> String {
    let is_sign = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    line.to_string().replace(is_sign, "\u{fffd}")
}

#[test]
fn what_others_say_does_not_steer_the_terminal() {
    let said = plain("a\u{1b}[2J\u{9b}1m\r\tb\n");
    assert_eq!(said, "a\u{fffd}[2J\u{fffd}1m\u{fffd}\tb\n");
}
