//! The names of all settings, and warnings about names that are almost one.

use kamiflow_sync_component::settings;

/// Settings that may also come from a file.
const HOST: [&str; 7] = [
    "DB_PATH",
    "LOG_LEVEL",
    "MAX_WAITING",
    "METRICS_LISTEN",
    "PORT",
    "REQUIRE_PERSISTENT_DATA",
    "SPIN_HTTP_LISTEN_ADDR",
];
/// What is known besides: read by the command line.
const OTHERS: [&str; 1] = ["RUNTIME_CONFIG_FILE"];
/// In a shorter name two different letters make another word.
const LONG_NAME: usize = 7;

/// The name of the variable that holds the file of a setting.
pub fn of_file(name: &str) -> String {
    format!("{name}_FILE")
}

/// Every setting that the program reads, by the name of its environment variable.
pub fn all() -> Vec<String> {
    let component = settings::defaults().flat_map(|(name, _)| {
        let name = name.to_ascii_uppercase();
        [format!("SPIN_VARIABLE_{name}"), name]
    });
    let host = HOST.iter().map(|&name| name.to_owned());
    component.chain(host).collect()
}

/// The setting that was probably meant by the name of a variable that is none.
pub fn meant(found: &str) -> Option<String> {
    let names = all();
    let files = names.iter().map(|name| of_file(name));
    let others = OTHERS.iter().map(|&name| name.to_owned());
    let known: Vec<String> = names.iter().cloned().chain(files).chain(others).collect();
    if known.iter().any(|name| name == found) {
        return None;
    }
    let upper = found.to_ascii_uppercase();
    let distance = |name: &String| strsim::osa_distance(name, &upper);
    let nearest = known.into_iter().min_by_key(distance)?;
    let allowed = if nearest.len() < LONG_NAME { 1 } else { 2 };
    (distance(&nearest) <= allowed).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_almost_a_setting_is_recognized() {
        for (found, expected) in [
            ("api_key", "API_KEY"),
            ("Api_Key", "API_KEY"),
            ("APIKEY", "API_KEY"),
            ("API-KEY", "API_KEY"),
            ("API_KYE", "API_KEY"),
            ("API_KEY_FIL", "API_KEY_FILE"),
            ("MAX_FILES_SIZE", "MAX_FILE_SIZE"),
            ("TRUSTED_PROXYS", "TRUSTED_PROXIES"),
            ("CORS_ORIGIN", "CORS_ORIGINS"),
            ("SPIN_VARIABLE_APIKEY", "SPIN_VARIABLE_API_KEY"),
            ("DBPATH", "DB_PATH"),
            ("Port", "PORT"),
        ] {
            assert_eq!(meant(found).as_deref(), Some(expected), "{found}");
        }
    }

    #[test]
    fn settings_and_what_other_programs_use_are_left_alone() {
        let usual = [
            "PATH",
            "HOME",
            "PWD",
            "USER",
            "LANG",
            "TERM",
            "SHELL",
            "HOSTNAME",
            "LOGNAME",
            "EDITOR",
            "RUST_LOG",
            "XDG_CACHE_HOME",
            "INVOCATION_ID",
            "DOMAIN",
            "RESTART",
            "RUNTIME_CONFIG_FILE",
            "API_KEY",
            "API_KEY_FILE",
            "API_KEY_PREVIOUS",
            "DASHBOARD_PASS",
            "SPIN_VARIABLE_API_KEY",
        ];
        for name in usual {
            assert_eq!(meant(name), None, "{name}");
        }
    }
}
