//! Prints what the program has to say to a person.
//!
//! `println!` and `eprintln!` panic when nobody reads any more, as after `| head`. The program goes on
//! then, and its exit code tells how it ended.

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

pub(crate) use {note, print_to, say};
