//! `spin.toml`, the settings and the README agree.

use std::collections::BTreeSet;

use kamiflow_sync_component::settings::{check, defaults};
use toml::Table;

const MANIFEST: &str = include_str!("../../spin.toml");
const MANIFEST_0_3: &str = include_str!("../../spin-wasi-0.3.toml");
const README: &str = include_str!("../../README.md");

fn names(table: &Table) -> BTreeSet<&str> {
    table.keys().map(String::as_str).collect()
}

#[test]
fn every_setting_is_a_variable_and_reaches_the_component() {
    let manifest: Table = MANIFEST.parse().unwrap();
    let component = manifest["component"]["kamiflow-sync"].as_table().unwrap();
    let settings: BTreeSet<&str> = defaults().map(|(name, _)| name).collect();
    assert_eq!(names(manifest["variables"].as_table().unwrap()), settings);
    assert_eq!(names(component["variables"].as_table().unwrap()), settings);
    for (name, value) in component["variables"].as_table().unwrap() {
        assert_eq!(value.as_str(), Some(format!("{{{{ {name} }}}}").as_str()));
    }
}

#[test]
fn the_key_is_a_required_secret_and_every_other_variable_has_a_sound_default() {
    let manifest: Table = MANIFEST.parse().unwrap();
    let variables = manifest["variables"].as_table().unwrap();
    assert_eq!(variables["api_key"]["required"].as_bool(), Some(true));
    assert_eq!(variables["api_key"]["secret"].as_bool(), Some(true));
    let default = |name: &str| match name {
        "api_key" => Some("0123456789abcdef".to_owned()),
        name => variables[name]["default"].as_str().map(str::to_owned),
    };
    assert_eq!(check(default), Ok(()));
    for (name, default) in defaults().filter(|(name, _)| *name != "api_key") {
        assert_eq!(variables[name]["default"].as_str(), Some(default), "{name}");
    }
}

#[test]
fn the_component_may_reach_its_database_and_nothing_else() {
    let manifest: Table = MANIFEST.parse().unwrap();
    let component = manifest["component"]["kamiflow-sync"].as_table().unwrap();
    assert_eq!(
        component["allowed_outbound_hosts"].as_array().map(Vec::len),
        Some(0)
    );
    assert_eq!(
        component["sqlite_databases"].as_array().unwrap(),
        &["default".into()]
    );
    assert!(!component.contains_key("files"));
}

#[test]
fn the_readme_has_a_row_with_the_default_of_every_variable() {
    let manifest: Table = MANIFEST.parse().unwrap();
    for (name, variable) in manifest["variables"].as_table().unwrap() {
        let row = README
            .lines()
            .find(|line| line.starts_with(&format!("| `{}`", name.to_uppercase())));
        let row = row.unwrap_or_else(|| panic!("the README has no row for {name}"));
        if let Some(default) = variable
            .get("default")
            .and_then(|default| default.as_str())
            .filter(|text| !text.is_empty())
        {
            assert!(row.contains(&format!("`{default}`")), "{row}");
        }
    }
}

/// The two ends of a range such as `1 to 36,500`.
fn range(row: &str) -> Option<[u64; 2]> {
    let number = |text: &str| text.trim().replace(',', "").parse().ok();
    let mut columns = row
        .split('|')
        .filter_map(|column| column.split_once(" to "));
    columns.find_map(|(from, to)| Some([number(from)?, number(to)?]))
}

#[test]
fn the_readme_has_the_range_of_every_number() {
    let rows = README.lines().filter(|line| line.starts_with("| `"));
    for (name, default) in defaults() {
        if default.parse::<u64>().is_err() {
            continue;
        }
        let mark = format!("| `{}` |", name.to_uppercase());
        let row = rows.clone().find(|row| row.starts_with(&mark)).unwrap();
        let [least, most] = range(row).unwrap_or_else(|| panic!("no range: {row}"));
        let is_good = |number: u64| {
            let value = number.to_string();
            check(|asked| match asked {
                "api_key" => Some("0123456789abcdef".to_owned()),
                asked => (asked == name).then(|| value.clone()),
            })
            .is_ok()
        };
        let ends = [least - 1, least, most, most + 1].map(is_good);
        assert_eq!(ends, [false, true, true, false], "{row}");
    }
}

#[test]
fn the_version_is_the_same_everywhere() {
    let manifest: Table = MANIFEST.parse().unwrap();
    assert_eq!(
        manifest["application"]["version"].as_str(),
        Some(env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn the_manifest_for_wasi_0_3_differs_in_the_build_only() {
    let stripped = |manifest: &str| {
        let mut manifest: Table = manifest.parse().unwrap();
        let component = manifest["component"]["kamiflow-sync"].as_table_mut();
        let component = component.unwrap();
        component.remove("source");
        component["build"].as_table_mut().unwrap().remove("command");
        manifest
    };
    assert_eq!(stripped(MANIFEST_0_3), stripped(MANIFEST));
}
