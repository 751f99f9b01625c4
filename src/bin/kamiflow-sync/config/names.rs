//! The names of all settings.

use kamiflow_sync_component::settings;

/// Settings that may also come from a file.
const HOST: [&str; 6] = [
    "DB_PATH",
    "LOG_LEVEL",
    "METRICS_LISTEN",
    "PORT",
    "REQUIRE_PERSISTENT_DATA",
    "SPIN_HTTP_LISTEN_ADDR",
];
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
