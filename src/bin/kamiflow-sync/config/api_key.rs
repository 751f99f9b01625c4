//! The API key: the configured one, or one that the program makes and keeps in a file, so
//! that the server never runs open and a first start needs no setting.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::bad_setting::BadSetting;
use super::key_file;
use super::variables::Values;

/// The variable that holds the key.
const VARIABLE: &str = "api_key";
/// Shortest key that is accepted, in bytes.
const MIN_LENGTH: usize = 16;
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

/// Where the key in force comes from. The key itself is among the variables.
#[derive(Debug, PartialEq)]
pub enum ApiKey {
    /// A setting gives it.
    Configured,
    /// It is kept in this file.
    Kept(PathBuf),
}

/// Puts the key in force into `values`: the configured one without white space around it,
/// else the one in `file`, which is made when it does not exist.
///
/// # Errors
///
/// When the configured key is a placeholder or too short, or the file cannot be used.
pub fn settle(values: &mut Values, file: Option<&Path>) -> Result<ApiKey> {
    let configured = values.get(VARIABLE).map(|key| key.trim().to_owned());
    let (key, origin) = match configured.filter(|key| !key.is_empty()) {
        Some(key) => (key, ApiKey::Configured),
        None => {
            let file = file.ok_or_else(no_file)?;
            let key = key_file::read_or_make(file)?;
            (key, ApiKey::Kept(file.to_owned()))
        }
    };
    check(&key)?;
    values.insert(VARIABLE.to_owned(), key);
    Ok(origin)
}

fn no_file() -> BadSetting {
    let message =
        "api_key has no value, and a database in memory has no folder to keep one in: set API_KEY";
    BadSetting(message.to_owned())
}

/// Refuses a key that anybody could know or guess; the reason does not repeat it.
pub fn check(key: &str) -> Result<(), BadSetting> {
    if PLACEHOLDERS.contains(&key.to_ascii_lowercase().as_str()) {
        let message = "api_key is a placeholder that everybody knows: set API_KEY to a secret, \
                       or leave it unset and one is made";
        return Err(BadSetting(message.to_owned()));
    }
    if key.len() < MIN_LENGTH {
        let message = format!(
            "api_key is shorter than {MIN_LENGTH} characters: set a longer API_KEY, or leave it unset and one is made"
        );
        return Err(BadSetting(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(configured: &str) -> Result<(Values, ApiKey)> {
        let folder = tempfile::tempdir().unwrap();
        let mut values: Values = [(VARIABLE.to_owned(), configured.to_owned())].into();
        let origin = settle(&mut values, Some(&folder.path().join("api-key")))?;
        Ok((values, origin))
    }

    #[test]
    fn a_configured_key_is_taken_without_white_space_around_it() {
        let (values, origin) = settled(" 0123456789abcdef\n").unwrap();
        assert_eq!(values[VARIABLE], "0123456789abcdef");
        assert_eq!(origin, ApiKey::Configured);
    }

    #[test]
    fn a_placeholder_is_refused_in_any_case() {
        for key in [
            "your-secret-api-key-here",
            "Your_Generated_Api_Key_Here",
            "changeme",
        ] {
            let error = settled(key).unwrap_err().to_string();
            assert!(error.contains("placeholder"), "{error}");
        }
    }

    #[test]
    fn a_short_key_is_refused_and_never_repeated() {
        let error = settled("s3cr3t").unwrap_err().to_string();
        assert!(error.contains("shorter than 16"));
        assert!(!error.contains("s3cr3t"));
    }

    #[test]
    fn an_empty_key_counts_as_none_and_one_is_made() {
        let (values, origin) = settled("  ").unwrap();
        assert_eq!(values[VARIABLE].len(), 64);
        assert!(matches!(origin, ApiKey::Kept(_)));
    }
}
