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

/// An error as one sentence. One that is whole already has its cause in it.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut causes = error.chain().map(ToString::to_string);
    let mut sentence = causes.next().unwrap_or_default();
    for cause in causes {
        if sentence.ends_with('.') {
            break;
        }
        sentence = format!("{sentence}: {cause}");
    }
    if sentence.ends_with('.') || sentence.contains('\n') {
        sentence
    } else {
        sentence + "."
    }
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

#[test]
fn an_error_has_each_cause_once_and_ends_like_a_sentence() {
    use crate::error::At;
    use anyhow::Context;

    let cause = || std::io::Error::other("it is full");
    let whole = Err::<(), _>(cause()).at(std::path::Path::new("a.md"));
    let whole = anyhow::Error::from(whole.unwrap_err());
    assert_eq!(sentence(&whole), "a.md cannot be used: it is full.");
    let context = Err::<(), _>(cause()).context("a.md cannot be read");
    let context = context.unwrap_err();
    assert_eq!(sentence(&context), "a.md cannot be read: it is full.");
    let list = anyhow::anyhow!("Name one:\na\nb");
    assert_eq!(sentence(&list), "Name one:\na\nb");
}
