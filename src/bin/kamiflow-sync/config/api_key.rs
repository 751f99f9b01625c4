//! The API key: the configured one, or one that the program generates and stores in a file. So the
//! server never runs without a key, and the first start needs no setting.

use std::path::{Path, PathBuf};

use anyhow::Result;
use kamiflow_sync_component::settings;

use super::bad_setting::BadSetting;
use super::key_file;
use super::variables::Values;

const VARIABLE: &str = "api_key";

#[derive(Clone, Debug, PartialEq)]
pub enum KeySource {
    /// A flag, the environment or the manifest.
    Setting,
    /// The file that the program stores its generated key in.
    File(PathBuf),
}

/// Where a generated key is stored.
pub fn file_beside(database: &Path) -> PathBuf {
    database.with_file_name("api-key")
}

/// Sets `api_key` in `values`: to the configured key without surrounding white space, else to the
/// one in `file`, which is created when it does not exist. `named` is the file that the configured key was read
/// from, if it was.
///
/// # Errors
///
/// When the key is a placeholder or too short, or the file cannot be used.
pub fn resolve(
    values: &mut Values,
    named: Option<&Path>,
    file: Option<&Path>,
) -> Result<KeySource> {
    let configured = values.get(VARIABLE).map(|key| key.trim().to_owned());
    let (key, source) = match configured.filter(|key| !key.is_empty()) {
        Some(key) => {
            check(&key, named)?;
            (key, KeySource::Setting)
        }
        None => {
            let file = file.ok_or_else(no_file)?;
            let key = key_file::read_or_create(file)?;
            check(&key, Some(file))?;
            (key, KeySource::File(file.to_owned()))
        }
    };
    values.insert(VARIABLE.to_owned(), key);
    Ok(source)
}

/// What to do about a `file` that holds another key than the configured one, as after a change of the key:
/// whoever looks there finds the wrong one, and without the setting it opens everything again.
pub fn superseded(configured: &str, file: &Path) -> Option<String> {
    let other = std::fs::read_to_string(file).ok()?;
    let differs = !other.trim().is_empty() && other.trim() != configured.trim();
    let shown = file.display();
    differs.then(|| {
        format!(
            "{shown} holds another key than API_KEY, and comes into force without it: delete it"
        )
    })
}

fn no_file() -> BadSetting {
    let message = "API_KEY has no value, and with a database in memory none can be stored: set it";
    BadSetting(message.to_owned())
}

/// Applies the component's rule, and finds a file given in place of the key. The message names the file that the key
/// was read from, if it was, and does not repeat the key.
pub fn check(key: &str, file: Option<&Path>) -> Result<(), BadSetting> {
    refuse_file(VARIABLE, key)?;
    settings::check_key(key).map_err(|rule| {
        BadSetting(match file {
            Some(file) => format!("the API key in {} {rule}", file.display()),
            None => format!("API_KEY {rule}, or leave it unset to have one generated"),
        })
    })
}

/// Fails when the value of `variable` is the name of a file: then its content was meant.
pub fn refuse_file(variable: &str, value: &str) -> Result<(), BadSetting> {
    let name = variable.to_ascii_uppercase();
    if Path::new(value.trim()).is_file() {
        Err(BadSetting(format!(
            "{name} is the name of a file: set {name}_FILE to it instead, to have the key read from it"
        )))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(configured: &str) -> Result<(Values, KeySource)> {
        let folder = tempfile::tempdir().unwrap();
        let mut values: Values = [(VARIABLE.to_owned(), configured.to_owned())].into();
        let source = resolve(&mut values, None, Some(&folder.path().join("api-key")))?;
        Ok((values, source))
    }

    #[test]
    fn white_space_around_a_configured_key_is_ignored() {
        let (values, source) = resolved(" 0123456789abcdef\n").unwrap();
        assert_eq!(values[VARIABLE], "0123456789abcdef");
        assert_eq!(source, KeySource::Setting);
    }

    #[test]
    fn a_placeholder_is_refused_in_upper_and_lower_case() {
        for key in [
            "your-secret-api-key-here",
            "Your_Generated_Api_Key_Here",
            "changeme",
        ] {
            let error = resolved(key).unwrap_err().to_string();
            assert!(error.contains("placeholder"), "{error}");
        }
    }

    #[test]
    fn a_short_key_is_refused_and_not_repeated() {
        let error = resolved("s3cr3t").unwrap_err().to_string();
        assert!(error.contains("shorter than 16"));
        assert!(!error.contains("s3cr3t"));
    }

    #[test]
    fn what_is_refused_is_named_by_its_setting_or_its_file() {
        let error = resolved("s3cr3t").unwrap_err().to_string();
        assert!(error.starts_with("API_KEY is shorter"), "{error}");
        let error = check("s3cr3t", Some(Path::new("/run/secrets/api_key"))).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("the API key in /run/secrets/api_key is"),
            "{error}"
        );
    }

    #[test]
    fn the_name_of_a_file_is_refused_and_not_repeated() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let name = file.path().to_str().unwrap();
        let error = resolved(name).unwrap_err().to_string();
        assert!(error.contains("set API_KEY_FILE"), "{error}");
        assert!(!error.contains(name));
        assert!(refuse_file("api_key_previous", name).is_err());
    }

    #[test]
    fn a_file_with_another_key_is_named_and_one_with_the_same_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("api-key");
        assert_eq!(superseded("0123456789abcdef", &file), None);
        std::fs::write(&file, "0123456789abcdef\n").unwrap();
        assert_eq!(superseded("0123456789abcdef ", &file), None);
        let named = superseded("fedcba9876543210", &file).unwrap();
        assert!(
            named.ends_with("delete it") && !named.contains("0123"),
            "{named}"
        );
    }

    #[test]
    fn an_empty_key_counts_as_unset_and_one_is_generated() {
        let (values, source) = resolved("  ").unwrap();
        assert_eq!(values[VARIABLE].len(), 64);
        assert!(matches!(source, KeySource::File(_)));
    }
}
