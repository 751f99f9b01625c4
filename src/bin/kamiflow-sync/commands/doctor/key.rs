//! Checks the API key and the permissions of its file, without showing the key.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::report::Report;
use crate::config::api_key;
use crate::config::environment::Environment;

pub fn check(report: &mut Report, database: &Path, environment: &Environment) {
    let configured = ["API_KEY", "SPIN_VARIABLE_API_KEY"];
    if let Some(key) = configured.iter().find_map(|name| environment.get(name)) {
        return match api_key::check(key.trim()) {
            Ok(()) => report.ok("key", "from the settings"),
            Err(error) => report.fail("key", error),
        };
    }
    check_file(report, &api_key::file_beside(database));
}

fn check_file(report: &mut Report, file: &Path) {
    let shown = file.display();
    if let Ok(key) = std::fs::read_to_string(file)
        && let Err(error) = api_key::check(key.trim())
    {
        return report.fail("key", format!("{shown}: {error}"));
    }
    match file.metadata() {
        Err(_) if !file.exists() => report.ok("key", "none yet, made at the first start"),
        Err(error) => report.fail("key", format!("{shown}: {error}")),
        Ok(metadata) => {
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 == 0 {
                report.ok("key", format!("in {shown}, readable by its owner alone"));
            } else {
                report.fail(
                    "key",
                    format!("others can read it (mode {mode:o}): chmod 600 {shown}"),
                );
            }
        }
    }
}
