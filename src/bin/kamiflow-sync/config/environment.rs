//! Environment variables, with the `.env` file of the current folder as a fallback.

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind::{IsADirectory, NotFound};
use std::path::{Path, PathBuf};

use super::bad_setting::BadSetting;
use super::{dotenv, names, value_files};

/// The process environment wins over `.env`. An empty value counts as unset.
#[derive(Debug, Default)]
pub struct Environment(HashMap<String, String>);

impl Environment {
    /// Reads `.env` in `folder`, if there is one, the process environment, and the files of settings
    /// that are given as `<NAME>_FILE`.
    ///
    /// # Errors
    ///
    /// When a line of `.env` or a file of a setting cannot be read.
    pub fn load(folder: &Path) -> Result<Self, BadSetting> {
        let mut variables = HashMap::from_iter(read_dotenv(&folder.join(".env"))?);
        let process = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let process: HashMap<_, _> = process.filter(|(_, value)| !value.is_empty()).collect();
        refuse_comments(&process)?;
        variables.extend(process);
        value_files::read(&mut variables)?;
        Ok(Self(variables))
    }

    /// Variables that are no settings, each with the setting that was probably meant.
    pub fn near_misses(&self) -> BTreeMap<&str, String> {
        let set = self.0.iter().filter(|(_, value)| !value.is_empty());
        set.filter_map(|(name, _)| Some((name.as_str(), names::meant(name)?)))
            .collect()
    }

    /// The file that the value of the variable `name` of the manifest was read from, if it was.
    pub fn file_of(&self, name: &str) -> Option<PathBuf> {
        let upper = name.to_ascii_uppercase();
        let set = [format!("SPIN_VARIABLE_{upper}"), upper];
        let set = set.iter().find(|name| self.get(name).is_some())?;
        self.get(&names::of_file(set)).map(PathBuf::from)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

/// systemd, and Podman with `--env-file`, take a comment behind a value for a part of it. So `DB_PATH` would
/// name another file, which the server would then create.
fn refuse_comments(variables: &HashMap<String, String>) -> Result<(), BadSetting> {
    let names = names::all().into_iter();
    let mut with_comment = names.filter(|name| {
        variables
            .get(name)
            .is_some_and(|value| value.contains(" #"))
    });
    with_comment.next().map_or(Ok(()), |name| {
        Err(BadSetting(format!(
            "{name} has a comment in its value: move the comment to a line of its own"
        )))
    })
}

/// The message does not show the line, which may contain a key.
fn read_dotenv(file: &Path) -> Result<Vec<(String, String)>, BadSetting> {
    let shown = file.display();
    let text = match std::fs::read(file) {
        // Some programs keep something else in a folder of this name.
        Err(error) if [NotFound, IsADirectory].contains(&error.kind()) => return Ok(Vec::new()),
        read => read.map_err(|error| BadSetting(format!("cannot read {shown}: {error}")))?,
    };
    let text = String::from_utf8(text)
        .map_err(|_| BadSetting(format!("{shown} is not UTF-8: save it as UTF-8")))?;
    dotenv::parse(&text).map_err(|line| {
        BadSetting(format!(
            "line {line} of {shown} is not NAME=value; a value with spaces or backslashes goes in \
             single quotes"
        ))
    })
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_counts_as_unset() {
        let environment = Environment::from([("API_KEY", ""), ("PORT", "80")]);
        assert_eq!(environment.get("API_KEY"), None);
        assert_eq!(environment.get("PORT"), Some("80"));
    }

    #[test]
    fn a_dotenv_file_supplies_what_the_process_does_not_set() {
        let folder = tempfile::tempdir().unwrap();
        let content = "# comment\nKAMI_TEST_ONLY=from file # here\nPATH=overridden\n";
        std::fs::write(
            folder.path().join(".env"),
            content.replace("from file", "\"from file\""),
        )
        .unwrap();
        let environment = Environment::load(folder.path()).unwrap();
        assert_eq!(environment.get("KAMI_TEST_ONLY"), Some("from file"));
        assert_ne!(environment.get("PATH"), Some("overridden"));
    }

    #[test]
    fn a_malformed_line_is_refused_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), "API_KEY=s3cret with spaces\n").unwrap();
        let error = Environment::load(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("line 1")
                && error.contains("goes in single quotes")
                && !error.contains("s3cret")
        );
    }

    #[test]
    fn a_dollar_is_read_as_a_dollar() {
        let folder = tempfile::tempdir().unwrap();
        let lines = "A=s3cret$Key\nB=\"s3cret$Key\"\nC='s3cret$Key'\nD=s3cret\\$Key ${PATH}\n";
        let lines = lines.replace(" ${PATH}", "${PATH}");
        std::fs::write(folder.path().join(".env"), lines).unwrap();
        let environment = Environment::load(folder.path()).unwrap();
        for name in ["A", "B", "C"] {
            assert_eq!(environment.get(name), Some("s3cret$Key"), "{name}");
        }
        assert_eq!(environment.get("D"), Some("s3cret$Key${PATH}"));
    }

    #[test]
    fn a_file_of_another_encoding_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        std::fs::write(&file, b"\xff\xfeA\0=\0x\0").unwrap();
        let error = Environment::load(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("save it as UTF-8"), "{error}");
        std::fs::write(&file, "\u{feff}KAMI_TEST_ONLY=x\n").unwrap();
        let environment = Environment::load(folder.path()).unwrap();
        assert_eq!(environment.get("KAMI_TEST_ONLY"), Some("x"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_overlooked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        std::fs::create_dir(&file).unwrap();
        assert!(Environment::load(folder.path()).is_ok());
        std::fs::remove_dir(&file).unwrap();
        // Root may read every file, but not this.
        std::os::unix::fs::symlink(&file, &file).unwrap();
        let error = Environment::load(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("cannot read "), "{error}");
    }

    #[test]
    fn near_misses_are_found_unless_they_are_empty() {
        let environment = Environment::from([
            ("api_key", "x"),
            ("APIKEY", ""),
            ("PATH", "/bin"),
            ("PORT", "1"),
        ]);
        let expected = BTreeMap::from([("api_key", "API_KEY".to_owned())]);
        assert_eq!(environment.near_misses(), expected);
    }
}
