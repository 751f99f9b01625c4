//! Prints what the program has to say to a person.
//!
//! `println!` and `eprintln!` panic when nobody reads any more, as after `| head`. The program continues
//! then, and its exit code tells how it ended. What must not be lost is printed by [`print()`].

use std::io::{self, Write, stdout};

use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};

/// A line on standard output.
macro_rules! say {
    ($($text:tt)*) => { $crate::say::print_to!(std::io::stdout(), $($text)*) };
}

/// A line on standard error.
macro_rules! note {
    ($($text:tt)*) => { $crate::say::print_to!(std::io::stderr(), $($text)*) };
}

macro_rules! print_to {
    ($stream:expr, $($text:tt)*) => {
        _ = std::io::Write::write_fmt(
            &mut $stream,
            format_args!("{}\n", format_args!($($text)*)),
        )
    };
}

/// A line on standard output that must not be lost.
pub fn print(line: impl std::fmt::Display) -> io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Whether standard output was closed, as by `>&-`. Rust then opens `/dev/null` in its place to read and write, which
/// takes everything; a shell opens it to write only.
pub fn is_nowhere() -> bool {
    let device = fstat(stdout()).map(|out| out.st_rdev);
    let is_null =
        matches!((device, stat("/dev/null")), (Ok(device), Ok(null)) if device == null.st_rdev);
    is_null && fcntl_getfl(stdout()).is_ok_and(|flags| flags.contains(OFlags::RDWR))
}

pub(crate) use {note, print_to, say};
