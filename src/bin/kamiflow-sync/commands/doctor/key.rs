//! Checks the API key and the permissions of its file, without showing the key.

use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::report::Report;
use crate::config::api_key;
use crate::config::environment::Environment;

pub fn check(report: &mut Report, database: &Path, environment: &Environment) {
    let configured = ["API_KEY", "SPIN_VARIABLE_API_KEY"];
    if let Some(key) = configured.iter().find_map(|name| environment.get(name)) {
        let file = environment.file_of("api_key");
        match api_key::check(key.trim(), file.as_deref()) {
            Ok(()) => report.ok("key", "from the settings"),
            Err(error) => report.fail("key", error),
        }
        if let Some(superseded) = api_key::superseded(key, &api_key::file_beside(database)) {
            report.warn("key", superseded);
        }
        return;
    }
    check_file(report, &api_key::file_beside(database));
}

fn check_file(report: &mut Report, file: &Path) {
    let shown = file.display();
    let read = std::fs::read_to_string(file).and_then(|key| Ok((key, file.metadata()?)));
    let (key, metadata) = match read {
        Ok(read) => read,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return report.ok("key", "none yet, made at the first start");
        }
        Err(error) => return report.fail("key", format!("{shown}: {error}")),
    };
    if let Err(error) = api_key::check(key.trim(), Some(file)) {
        return report.fail("key", error);
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return report.fail(
            "key",
            format!("others can read it (mode {mode:o}): chmod 600 {shown}"),
        );
    }
    // Root can read every file, and the server cannot.
    match file.with_file_name(".").metadata() {
        Ok(folder) if folder.uid() != metadata.uid() => {
            let (owner, user) = (metadata.uid(), folder.uid());
            report.fail(
                "key",
                format!("belongs to user {owner}, the folder to {user}: chown {user} {shown}"),
            );
        }
        _ => report.ok("key", format!("in {shown}, readable by its owner alone")),
    }
}
