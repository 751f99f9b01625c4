//! Sizes and counts.

use std::fmt::{self, Display};

use askama::filters::HtmlSafe;

/// Bytes, in the largest unit of which there is at least one.
#[derive(Clone, Copy)]
pub struct Size(pub u64);

/// Digits and letters only.
impl HtmlSafe for Size {}

const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];

impl Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut value, mut unit) = (self.0 as f64 / 1024.0, 0);
        // What would be rounded to 1024 is 1 of the next.
        while value >= 1023.95 && unit + 1 < UNITS.len() {
            (value, unit) = (value / 1024.0, unit + 1);
        }
        match self.0 {
            bytes @ 0..1024 => f.write_str(&count(bytes, "byte")),
            _ if value < 9.95 => write!(f, "{value:.1} {}", UNITS[unit]),
            _ => write!(f, "{value:.0} {}", UNITS[unit]),
        }
    }
}

/// A number of things, with their name in the singular or with an `s`.
pub fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", grouped(number))
}

/// Digits in groups of three.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_two_digits_at_least_and_a_unit() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (1023, "1,023 bytes"),
            (1024, "1.0 KiB"),
            (10_137, "9.9 KiB"),
            (10_240, "10 KiB"),
            (1_048_575, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16384 PiB"),
        ] {
            assert_eq!(Size(bytes).to_string(), text);
        }
    }

    #[test]
    fn a_count_is_grouped_and_has_its_plural() {
        for (number, text) in [
            (0, "0 files"),
            (1, "1 file"),
            (999, "999 files"),
            (1000, "1,000 files"),
            (1_234_567, "1,234,567 files"),
        ] {
            assert_eq!(count(number, "file"), text);
        }
    }
}
