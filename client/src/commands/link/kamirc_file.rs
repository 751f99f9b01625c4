//! Writes the address and the project into `.kamirc.json`, and leaves everything else in it as it is.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
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

/// At once, and on the disk before: no reader and no power cut finds half a file. It stays where a link leads.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let file = &file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let new = file.with_file_name(format!("{NAME}.new"));
    // What has this name may be a link to another file.
    _ = fs::remove_file(&new);
    let mut opened = OpenOptions::new().write(true).create_new(true).open(&new)?;
    if let Ok(old) = file.metadata() {
        opened.set_permissions(old.permissions())?;
    }
    opened.write_all(text.as_bytes())?;
    opened.sync_all()?;
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

    #[cfg(unix)]
    #[test]
    fn it_stays_private_and_where_it_is_and_no_link_leads_elsewhere() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (file, real) = (folder.path().join(NAME), elsewhere.path().join("settings"));
        fs::write(&real, "{}").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&real, &file).unwrap();
        let precious = elsewhere.path().join("precious");
        fs::write(&precious, "text").unwrap();
        symlink(&precious, elsewhere.path().join(format!("{NAME}.new"))).unwrap();
        write(folder.path(), "https://a", "p").unwrap();
        assert!(file.is_symlink() && fs::read_to_string(&real).unwrap().contains("https://a"));
        let mode = fs::metadata(&real).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_to_string(&precious).unwrap(), "text");
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
