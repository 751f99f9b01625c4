//! What a key must look like. No rule repeats the key.

use std::fmt;
use std::rc::Rc;

/// Shortest key that is accepted. In bytes, of which a letter outside ASCII has two or more: counted in characters, keys
/// that servers have would be refused.
const MIN_BYTES: usize = 16;
/// Keys that stand in documentation, so anybody can know them.
const PLACEHOLDERS: [&str; 8] = [
    "your-secret-api-key-here",
    "your_generated_api_key_here",
    "your-api-key-here",
    "your_api_key_here",
    "your-secret-api-key",
    "changeme",
    "change-me",
    "secret",
];
/// Marks that people and word processors put around a value.
const QUOTES: [(char, char); 5] = [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”'), ('‘', '’')];

/// A key or a password, without blanks around it. It has no `Display`, and `{:?}` shows nothing of it, so that none gets
/// into a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Rc<str>);

impl Secret {
    /// What is secret, to be compared.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A key that a client could guess is refused, and one that no client can send.
pub(super) fn required(value: &str) -> Result<Secret, String> {
    let key = value.trim();
    if key.is_empty() {
        return Err("is not set".to_owned());
    }
    let length = key.chars().count();
    if let Some(fault) = fault(key) {
        return Err(format!("was read as {length} characters {fault}"));
    }
    if PLACEHOLDERS.contains(&key.to_ascii_lowercase().as_str()) {
        return Err("is a placeholder that everybody knows: choose another".to_owned());
    }
    if key.len() < MIN_BYTES {
        return Err(format!(
            "is shorter than {MIN_BYTES} characters: choose a longer one"
        ));
    }
    Ok(key.into())
}

/// How a key was written that nobody can have meant.
fn fault(key: &str) -> Option<&'static str> {
    let is_quoted = |&(open, close): &(char, char)| {
        key.strip_prefix(open)
            .is_some_and(|rest| rest.ends_with(close))
    };
    let scheme = key.split_whitespace().next().unwrap_or_default();
    if QUOTES.iter().any(is_quoted) {
        Some("with quotes around them: write it without quotes")
    } else if scheme.eq_ignore_ascii_case("bearer") {
        Some("that begin with 'Bearer': write the key alone")
    } else if key.contains(is_blank) {
        Some("with a blank or control character inside: write it without these")
    } else {
        None
    }
}

/// White space, control characters, and what is not seen at all.
fn is_blank(character: char) -> bool {
    let is_invisible = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    character.is_whitespace() || character.is_control() || is_invisible
}

pub(super) fn optional(value: &str) -> Result<Option<Secret>, String> {
    if value.trim().is_empty() {
        Ok(None)
    } else {
        required(value).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_and_a_short_key_are_refused_and_never_repeated() {
        for key in [
            "your-secret-api-key-here",
            "Your_Generated_Api_Key_Here",
            "changeme",
        ] {
            assert!(required(key).unwrap_err().contains("placeholder"));
        }
        let rule = required("s3cr3t").unwrap_err();
        assert!(rule.contains("shorter than 16") && !rule.contains("s3cr3t"));
    }

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        let printed = format!("{:?}", required("0123456789abcdef"));
        assert_eq!(printed, "Ok(Secret)");
    }

    #[test]
    fn a_key_that_nobody_can_have_meant_is_refused_with_what_was_read() {
        const KEY: &str = "0123456789abcdef";
        for (key, length, fault) in [
            (format!("\"{KEY}\""), 18, "quotes"),
            (format!("'{KEY}'\n"), 18, "quotes"),
            (format!("“{KEY}”"), 18, "quotes"),
            (format!("Bearer {KEY}"), 23, "Bearer"),
            (format!("bearer\t{KEY}"), 23, "Bearer"),
            (format!("{KEY} # laptop"), 25, "blank"),
            (format!("{KEY}\n{KEY}"), 33, "blank"),
            (format!("\u{feff}{KEY}"), 17, "blank"),
            (format!("{KEY}\u{0}x"), 18, "control"),
        ] {
            let rule = required(&key).unwrap_err();
            assert!(rule.contains(&format!("{length} characters")), "{rule}");
            assert!(rule.contains(fault) && !rule.contains(KEY), "{rule}");
            assert!(optional(&key).is_err());
        }
        for good in [
            "it's-a-long-\"key\"",
            "'0123456789abcdef",
            "bearer0123456789",
            "chìa-khóa-dài-đủ",
            "ключключ",
        ] {
            assert_eq!(required(good).unwrap().expose(), good);
        }
    }
}
