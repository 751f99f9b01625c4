//! The servers that are measured.

use std::path::{Path, PathBuf};

use support::{Build, Host};

use crate::load::Target;
use crate::report::number;

/// A server on an empty database that refuses none of the many requests.
pub fn start(build: &Build) -> Host {
    Host::of(
        build,
        &[
            ("RATE_LIMIT_MAX_REQUESTS", "4000000000"),
            ("MAX_FILES_PER_PROJECT", "10000000"),
        ],
    )
}

/// How a server is reached and measured.
pub fn target(host: &Host) -> Target {
    Target {
        address: host.address().to_owned(),
        pid: Some(host.pid()),
    }
}

/// The build that `BASELINE` names.
pub fn baseline() -> Option<Build> {
    let program = std::env::var_os("BASELINE")?;
    Some(Build::of(Path::new(&program)))
}

/// What is measured: the programs and components, and their sizes, which differ between profiles.
pub fn describe(build: &Build) -> String {
    let file = |path: PathBuf| {
        let bytes = path.metadata().map_or(f64::NAN, |file| file.len() as f64);
        format!(
            "{} ({} MB)",
            path.display(),
            number(bytes / f64::from(1 << 20))
        )
    };
    let (program, component) = (file(build.program.clone()), file(build.component()));
    format!("{program} with {component}")
}

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}
