//! Checks the settings, and shows those that differ from their defaults.

use super::report::Report;
use crate::config::environment::Environment;
use crate::config::manifest::Manifest;
use crate::config::settings;
use crate::config::variables::{self, Values};

pub fn check(report: &mut Report, manifest: &Manifest, environment: &Environment) {
    let values = variables::resolve(&manifest.variables, &[], environment);
    let Some(values) = report.take("settings", values.map_err(Into::into)) else {
        return;
    };
    for (name, meant) in environment.near_misses() {
        report.warn(
            "settings",
            format!("{name} is ignored: did you mean {meant}?"),
        );
    }
    show_changed(report, manifest, &values);
    check_host(report, environment);
    if check_by_component(report, manifest, &values) {
        check_proxies(report, &values);
    }
}

/// Applies the component's own rules, with a valid key, because none may have been generated yet. Returns
/// whether they hold.
fn check_by_component(report: &mut Report, manifest: &Manifest, values: &Values) -> bool {
    let checked = kamiflow_sync_component::settings::check(|name| match name {
        "api_key" => Some("0123456789abcdef".to_owned()),
        name => values.get(name).cloned(),
    });
    let checked = checked.map_err(Into::into);
    let fits = variables::require_file_fits(&manifest.variables, values);
    report
        .take("settings", checked.and(fits.map_err(Into::into)))
        .is_some()
}

/// Shows that a secret is set, but not its value.
fn show_changed(report: &Report, manifest: &Manifest, values: &Values) {
    for (name, variable) in &manifest.variables {
        let changed = values
            .get(name)
            .filter(|value| Some(*value) != variable.default.as_ref());
        match changed {
            Some(_) if variable.secret => report.info(name, "set"),
            Some(value) => report.info(name, value),
            None => {}
        }
    }
}

fn check_host(report: &mut Report, environment: &Environment) {
    let checked = settings::log_level(environment)
        .map(drop)
        .and(settings::listen_address(None, environment).map(drop))
        .and(settings::metrics_address(None, environment).map(drop))
        .and(settings::max_waiting(environment).map(drop))
        .and(settings::requires_persistence(environment).map(drop));
    if let Err(error) = checked {
        report.fail("settings", error);
    }
}

fn check_proxies(report: &Report, values: &Values) {
    let proxies = values
        .get("trusted_proxies")
        .map(String::as_str)
        .unwrap_or_default();
    let trusts_all = |list: &str| {
        list.split(',')
            .any(|network| network.trim().ends_with("/0"))
    };
    match proxies {
        "" => report.ok(
            "proxy",
            "none is trusted; behind one, set TRUSTED_PROXIES to its address",
        ),
        list if trusts_all(list) => report.warn(
            "proxy",
            "TRUSTED_PROXIES trusts every address, so anybody can evade the rate limit",
        ),
        list => report.ok("proxy", format!("X-Forwarded-For is trusted from {list}")),
    }
}
