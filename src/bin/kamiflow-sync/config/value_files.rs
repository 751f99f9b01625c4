//! `<NAME>_FILE`: the file that holds the value of a setting, as container secrets are given.

use std::collections::HashMap;

use super::bad_setting::BadSetting;
use super::names;

/// Sets each setting whose `<NAME>_FILE` is set to what the file contains, without a newline at the
/// end.
///
/// # Errors
///
/// When the setting is set too, or the file is empty or cannot be read. The content is not shown.
pub fn read(variables: &mut HashMap<String, String>) -> Result<(), BadSetting> {
    for name in names::all() {
        let by_file = names::of_file(&name);
        let is_set = |name: &str| variables.get(name).is_some_and(|value| !value.is_empty());
        if !is_set(&by_file) {
            continue;
        }
        if is_set(&name) {
            let message = format!("{name} and {by_file} are both set: remove one of them");
            return Err(BadSetting(message));
        }
        let value = value(&variables[&by_file])
            .map_err(|reason| BadSetting(format!("{by_file}={}: {reason}", variables[&by_file])))?;
        variables.insert(name, value);
    }
    Ok(())
}

fn value(file: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("cannot read it: {error}"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let value = text.strip_suffix('\n').unwrap_or(text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.trim().is_empty() {
        Err("the file is empty".to_owned())
    } else {
        Ok(value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(content: &str, more: &[(&str, &str)]) -> Result<HashMap<String, String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, content).unwrap();
        let mut variables: HashMap<_, _> = more
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        variables.insert("API_KEY_FILE".to_owned(), file.display().to_string());
        read(&mut variables).map_err(|error| error.to_string())?;
        Ok(variables)
    }

    #[test]
    fn the_value_comes_from_the_file_without_its_newline() {
        for content in ["s3cret", "s3cret\n", "s3cret\r\n", "\u{feff}s3cret\n"] {
            let variables = read_with(content, &[("API_KEY", "")]).unwrap();
            assert_eq!(variables["API_KEY"], "s3cret", "{content:?}");
        }
    }

    #[test]
    fn both_and_an_empty_file_are_refused() {
        let both = read_with("s3cret", &[("API_KEY", "other")]).unwrap_err();
        assert!(both.contains("API_KEY and API_KEY_FILE"), "{both}");
        let empty = read_with("\n", &[]).unwrap_err();
        assert!(empty.starts_with("API_KEY_FILE=") && empty.ends_with("is empty"));
    }

    #[test]
    fn every_setting_has_a_file_and_an_unreadable_one_is_named() {
        for name in ["PORT", "SPIN_VARIABLE_MAX_FILE_SIZE", "TRUSTED_PROXIES"] {
            let by_file = names::of_file(name);
            let mut variables = [(by_file.clone(), "/does/not/exist".to_owned())].into();
            let error = read(&mut variables).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("{by_file}=/does/not/exist: ")),
                "{error}"
            );
        }
    }
}
