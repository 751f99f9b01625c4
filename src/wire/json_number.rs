//! The one rule for numbers in JSON bodies: what is whole is so in every spelling.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::domain::{MAX_MODIFIED, Rev};

/// The largest whole number up to which JavaScript has every other.
const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// A number of a JSON body. What is whole is so in every spelling, as in JavaScript: `7`, `7.0` and `7e0`.
enum Number {
    Whole(i64),
    Fraction(f64),
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyNumber)
    }
}

struct AnyNumber;

impl Visitor<'_> for AnyNumber {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Number, E> {
        Ok(Number::Whole(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Number, E> {
        let whole = i64::try_from(value).map(Number::Whole);
        whole.map_err(|_| E::custom("a number is too large"))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Number, E> {
        match (value.abs() <= MAX_SAFE_INTEGER as f64, value.fract() == 0.0) {
            (true, true) => Ok(Number::Whole(value as i64)),
            (true, false) => Ok(Number::Fraction(value)),
            (false, _) => Err(E::custom("a number is too large")),
        }
    }
}

/// Reads a rev, or the one that an edit started from: a whole number, 0 or more.
pub(super) fn rev<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Rev>, D::Error> {
    match Option::deserialize(deserializer)? {
        None => Ok(None),
        Some(Number::Whole(rev @ 0..)) => Ok(Some(rev)),
        Some(Number::Whole(_)) => Err(de::Error::custom("a rev is not negative")),
        Some(Number::Fraction(_)) => Err(de::Error::custom("a rev is a whole number")),
    }
}

/// Reads milliseconds since 1970, of which Node.js has a fraction. It is cut off.
pub(super) fn whole_millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    match Number::deserialize(deserializer)? {
        Number::Whole(millis) if millis.unsigned_abs() <= MAX_MODIFIED.unsigned_abs() => Ok(millis),
        Number::Whole(_) => Err(de::Error::custom("a number is too large")),
        Number::Fraction(millis) => Ok(millis.trunc() as i64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rev_is_whole_in_every_spelling() {
        let read = |text: &str| rev(&mut serde_json::Deserializer::from_str(text)).ok();
        for (text, expected) in [
            ("null", None),
            ("0", Some(0)),
            ("-0", Some(0)),
            ("-0.0", Some(0)),
            ("7.0", Some(7)),
            ("7e2", Some(700)),
            ("1760000000123456.0", Some(1_760_000_000_123_456)),
            ("9007199254740991.0", Some(MAX_SAFE_INTEGER)),
            ("9223372036854775807", Some(Rev::MAX)),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in [
            "-1",
            "-1.0",
            "7.5",
            "1e-3",
            "9007199254740993.0",
            "9223372036854775808",
            "1e30",
            "\"7\"",
            "[7]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_fraction_of_milliseconds_is_cut_off() {
        let read = |text: &str| whole_millis(&mut serde_json::Deserializer::from_str(text)).ok();
        for (text, expected) in [
            ("1.9", 1),
            ("0.5", 0),
            ("-0.5", 0),
            ("-1.5", -1),
            ("-7.0", -7),
            ("9007199254740991", MAX_SAFE_INTEGER),
            ("-9007199254740991.0", -MAX_SAFE_INTEGER),
        ] {
            assert_eq!(read(text), Some(expected), "{text}");
        }
        for text in [
            "9007199254740992",
            "-9007199254740992.0",
            "1e300",
            "18446744073709551615",
            "null",
            "\"1\"",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
