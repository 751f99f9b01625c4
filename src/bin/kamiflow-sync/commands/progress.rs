//! The progress of a long command: a bar on a terminal, and nothing elsewhere, so that a command
//! that is run by a timer prints only its result.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `total` steps, labelled `what`.
pub fn bar(what: &'static str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:10} {wide_bar} {human_pos}/{human_len}  {eta}");
    let bar = ProgressBar::new(total).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Shows a number of bytes with a unit.
pub fn bytes(count: u64) -> indicatif::HumanBytes {
    indicatif::HumanBytes(count)
}
