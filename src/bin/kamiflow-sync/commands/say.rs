//! Prints what a command has to say.

/// As `println!`, which panics when nobody reads any more, as after `| head`. The command goes on
/// then, and its exit code tells how it ended.
macro_rules! say {
    ($($text:tt)*) => {
        _ = std::io::Write::write_fmt(
            &mut std::io::stdout(),
            format_args!("{}\n", format_args!($($text)*)),
        )
    };
}

pub(crate) use say;
