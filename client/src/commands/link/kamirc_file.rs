//! Writes the address and the project into `.kamirc.json`, and leaves everything else in it as it is.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::ordered_json::Json;

const NAME: &str = ".kamirc.json";

/// Says in the settings of a folder with which project of which server it is synced.
pub fn write(root: &Path, backend: &str, project: &str) -> Result<()> {
    let file = root.join(NAME);
    let text = match fs::read_to_string(&file) {
        Err(error) if error.kind() == ErrorKind::NotFound => "{}".to_owned(),
        text => text.with_context(|| format!("{} cannot be read", file.display()))?,
    };
    let text = with_link(&text, backend, project)
        .with_context(|| format!("{} is not JSON", file.display()))?;
    replace(&file, &text).with_context(|| format!("{} cannot be written", file.display()))
}

fn with_link(text: &str, backend: &str, project: &str) -> Result<String, serde_json::Error> {
    let mut settings: Json = serde_json::from_str(text)?;
    let sync = settings.at("sync");
    // The KamiFlow CLI syncs only what is enabled.
    sync.set("enabled", Json::Plain(Value::Bool(true)));
    sync.set("projectId", Json::Plain(project.into()));
    sync.set("backend", Json::Plain(backend.into()));
    Ok(serde_json::to_string_pretty(&settings)? + "\n")
}

/// At once: no reader finds half a file.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let new = file.with_file_name(format!("{NAME}.new"));
    fs::write(&new, text)?;
    fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_settings_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(NAME);
        let text = r#"{"language": "vi", "sync": {"mode": "auto", "projectId": "old"}, "a": 1}"#;
        fs::write(&file, text).unwrap();
        write(folder.path(), "https://sync.example.com", "p").unwrap();
        let expected = r#"{
  "language": "vi",
  "sync": {
    "mode": "auto",
    "projectId": "p",
    "enabled": true,
    "backend": "https://sync.example.com"
  },
  "a": 1
}
"#;
        assert_eq!(fs::read_to_string(file).unwrap(), expected);
    }

    #[test]
    fn a_file_that_is_not_json_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(NAME);
        fs::write(&file, "{").unwrap();
        assert!(write(folder.path(), "https://a", "p").is_err());
        assert_eq!(fs::read_to_string(file).unwrap(), "{");
    }
}
