//! `status`: what a round would do.

use anyhow::Result;
use serde_json::json;

use super::exit::{Done, require_read};
use super::resolve::open_conflicts;
use super::say::say;
use super::{device, idle, open, summary};
use crate::cli::StatusArgs;
use crate::round::preview;

/// Shows what would be uploaded, downloaded and in conflict. Nothing is changed.
pub fn run(args: &StatusArgs) -> Result<Done> {
    let folder = open::folder(args.folder.as_deref())?;
    let project = open::project(&folder)?;
    let report = preview(&folder, &project, &device::name())?;
    let conflicts = open_conflicts(&folder)?;
    if args.json {
        say(
            json!({ "in_step": report.is_in_step(), "would": report, "open_conflicts": conflicts }),
        );
    } else {
        for conflict in conflicts {
            say(format_args!(
                "open conflict: {} and {}",
                conflict.path, conflict.copy
            ));
        }
        say(summary::text(&report));
    }
    idle::tell(&folder);
    require_read(&report)?;
    Ok(if report.is_in_step() {
        Done::InStep
    } else {
        Done::OutOfStep
    })
}
