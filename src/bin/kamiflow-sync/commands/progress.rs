//! How far a long command is: a bar with count and time left on a terminal, nothing
//! elsewhere, so that the output of a timer's run stays its result.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar of `total` steps of `what`.
pub fn bar(what: &'static str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:10} {wide_bar} {human_pos}/{human_len}  {eta}");
    let bar = ProgressBar::new(total).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Bytes for a person.
pub fn bytes(count: u64) -> indicatif::HumanBytes {
    indicatif::HumanBytes(count)
}
