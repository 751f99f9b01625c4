//! `.kamirc.json`. The CLI lays the one of the folder over the one in `~/.kami-flow`, and so does this, but for the
//! project, which is that of one folder.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::Error;
use serde_json::{Map, Value};

const NAME: &str = ".kamirc.json";

/// The settings under `sync`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Kamirc {
    /// The address of the server.
    pub backend: Option<String>,
    /// The project that the folder is synced with.
    pub project_id: Option<String>,
    /// Folders of `.kamiflow` that are synced.
    pub categories: Vec<String>,
    /// Patterns, as in `.gitignore`, of files that are synced although they are no `*.md`.
    pub include: Vec<String>,
}

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{0} cannot be read: {1}.")]
    Unreadable(PathBuf, #[source] std::io::Error),
    /// The file has something else than it should.
    #[error("{0} is not valid: {1}.")]
    Malformed(PathBuf, #[source] serde_json::Error),
    /// A folder or pattern that cannot be used.
    #[error("{0}")]
    Unusable(String),
}

impl Kamirc {
    /// The folders that are synced where the settings name none.
    pub const CATEGORIES: [&str; 3] = ["archive", "ideas", "tasks"];

    /// The settings of a folder.
    pub fn read(root: &Path) -> Result<Self, ConfigError> {
        let home = std::env::home_dir().map(|home| home.join(".kami-flow"));
        let global = home.map_or(Ok(None), |home| layer(&home.join(NAME)));
        // As for the CLI, a broken file of the home folder does not matter.
        let global = global.unwrap_or_default().unwrap_or_default();
        let local = layer(&root.join(NAME))?.unwrap_or_default();
        let mut settings = merged(global, local);
        if settings.categories.is_empty() {
            settings.categories = Self::CATEGORIES.map(str::to_owned).to_vec();
        }
        Ok(settings)
    }
}

/// The settings in one file, if there is one.
fn layer(file: &Path) -> Result<Option<Kamirc>, ConfigError> {
    let text = match std::fs::read(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|error| ConfigError::Unreadable(file.to_owned(), error))?,
    };
    parse(&text)
        .map(Some)
        .map_err(|error| ConfigError::Malformed(file.to_owned(), error))
}

fn parse(text: &[u8]) -> Result<Kamirc, serde_json::Error> {
    let mut json: Map<String, Value> = serde_json::from_slice(text)?;
    match json.remove("sync") {
        None | Some(Value::Null) => Ok(Kamirc::default()),
        Some(sync @ Value::Object(_)) => serde_json::from_value(sync),
        // A list would be treated as the values of an object.
        Some(_) => Err(Error::custom("\"sync\" is no object")),
    }
}

fn merged(outer: Kamirc, inner: Kamirc) -> Kamirc {
    let list =
        |outer: Vec<String>, inner: Vec<String>| if inner.is_empty() { outer } else { inner };
    Kamirc {
        backend: inner.backend.or(outer.backend),
        // In the home folder, it would be that of every further folder.
        project_id: inner.project_id,
        categories: list(outer.categories, inner.categories),
        include: list(outer.include, inner.include),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_file_wins_and_other_settings_are_left_alone() {
        let outer = parse(
            br#"{"sync": {"backend": "https://a", "projectId": "q", "categories": ["ideas"]}}"#,
        )
        .unwrap();
        let inner =
            parse(br#"{"language": "vi", "sync": {"enabled": true, "backend": "https://b", "projectId": "p"}}"#)
                .unwrap();
        assert_eq!(merged(outer.clone(), Kamirc::default()).project_id, None);
        let settings = merged(outer, inner);
        assert_eq!(settings.backend.as_deref(), Some("https://b"));
        assert_eq!(settings.project_id.as_deref(), Some("p"));
        assert_eq!(settings.categories, ["ideas"]);
        assert_eq!(parse(b"{}").unwrap(), Kamirc::default());
    }

    #[test]
    fn a_folder_without_settings_has_the_defaults_and_broken_ones_are_told() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(
            Kamirc::read(folder.path()).unwrap().categories,
            Kamirc::CATEGORIES
        );
        for broken in [
            r#"{"sync": {"categories": "ideas"}}"#,
            "{",
            "[]",
            r#""x""#,
            "5",
            "",
            r#"{"sync": []}"#,
            r#"{"sync": "x"}"#,
            r#"{"sync": 5}"#,
        ] {
            std::fs::write(folder.path().join(NAME), broken).unwrap();
            let error = Kamirc::read(folder.path()).unwrap_err().to_string();
            assert!(error.contains(NAME), "{broken} {error}");
        }
    }
}
