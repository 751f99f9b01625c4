//! Numbers in the spelling of the old wire.

use serde::Serializer;

use crate::domain::Rev;

/// A rev on the old wire: milliseconds with up to three decimals, which a JavaScript number carries
/// exactly.
pub fn millis<S: Serializer>(rev: &Rev, serializer: S) -> Result<S::Ok, S::Error> {
    match rev % 1000 {
        0 => serializer.serialize_i64(rev / 1000),
        _ => serializer.serialize_f64(*rev as f64 / 1000.0),
    }
}

/// The same for a rev that may be absent.
pub(super) fn optional_millis<S: Serializer>(
    rev: &Option<Rev>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match rev {
        Some(rev) => millis(rev, serializer),
        None => serializer.serialize_none(),
    }
}

/// Reads `since` back into a rev: decimal digits with an optional fraction, as
/// JavaScript's `parseInt` would from the beginning of the text; anything else is 0, the beginning.
pub fn parse_since(text: &str) -> Rev {
    let text = text.trim_start();
    if text.starts_with('-') {
        return 0;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    let (whole, rest) = split_digits(text);
    let fraction = rest
        .strip_prefix('.')
        .map_or("", |rest| split_digits(rest).0);
    let digits = whole
        .chars()
        .chain(fraction.chars().chain("000".chars()).take(3));
    if whole.is_empty() {
        return 0;
    }
    digits.fold(0, |rev: Rev, digit| {
        rev.saturating_mul(10)
            .saturating_add(digit.to_digit(10).unwrap_or(0).into())
    })
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// Files or changes in a page, unless `limit` asks for another number.
pub const PAGE_FILES: u32 = 100;
/// Files or changes in a page at most.
pub const MAX_PAGE_FILES: u32 = 1000;
/// Entries of a page without contents or versions, such as of projects, unless a request says otherwise.
pub const PAGE_ENTRIES: u32 = 1000;
/// The most that it has.
pub const MAX_PAGE_ENTRIES: u32 = 10_000;

/// Reads `limit` as the original does, with `parseInt`: 1 to `most`, and `usual` for anything that
/// is not a positive number.
pub fn parse_limit(text: &str, usual: u32, most: u32) -> u32 {
    let text = text.trim_start();
    let text = text.strip_prefix('+').unwrap_or(text);
    let number = match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(hex) => {
            let end = hex
                .find(|digit: char| !digit.is_ascii_hexdigit())
                .unwrap_or(hex.len());
            u128::from_str_radix(&hex[..end], 16)
        }
        None => split_digits(text).0.parse(),
    };
    match number {
        Ok(0) => usual,
        Ok(number) => number.min(most.into()) as u32,
        Err(error) if *error.kind() == std::num::IntErrorKind::PosOverflow => most,
        Err(_) => usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_reads_back_every_synced_at_exactly() {
        for rev in [
            1,
            999,
            1000,
            1_760_000_000_123_456,
            1_760_000_000_123_450,
            1_760_000_000_123_000,
        ] {
            let text = millis(&rev, serde_json::value::Serializer)
                .unwrap()
                .to_string();
            assert_eq!(parse_since(&text), rev, "{text}");
        }
    }

    #[test]
    fn a_since_that_is_not_a_number_is_the_beginning() {
        for text in ["", "abc", "NaN", "null", "-1", "-5.5", ".5", "0"] {
            assert_eq!(parse_since(text), 0, "{text}");
        }
        assert_eq!(parse_since("1e9"), 1000);
        assert_eq!(parse_since(" 12.5678x"), 12_567);
        assert_eq!(parse_since(&"9".repeat(40)), Rev::MAX);
    }

    #[test]
    fn limit_is_read_as_the_original_reads_it_and_has_a_ceiling() {
        for (text, limit) in [
            ("", 100),
            ("0", 100),
            ("abc", 100),
            ("NaN", 100),
            ("-1", 100),
            ("-5", 100),
            ("Infinity", 100),
            ("1e9", 1),
            ("2.5", 2),
            ("7abc", 7),
            ("0x10", 16),
            ("010", 10),
            ("1000", 1000),
            ("1001", 1000),
            ("99999999999999999999999999999999999999999999", 1000),
            ("0x", 100),
        ] {
            assert_eq!(parse_limit(text, 100, 1000), limit, "{text}");
        }
    }
}
