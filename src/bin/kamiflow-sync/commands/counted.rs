//! Numbers with what they count.

use std::fmt::Display;

/// As `1 file` and `2 files`.
pub fn counted(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        for (number, shown) in [
            (0, "0 files"),
            (1, "1 file"),
            (2, "2 files"),
            (11, "11 files"),
        ] {
            assert_eq!(counted(number, "file"), shown);
        }
    }
}
