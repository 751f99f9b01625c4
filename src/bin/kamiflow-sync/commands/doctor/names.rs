//! Counts the names that some system cannot hold, without showing one.

use kamiflow_sync_component::store::{SCHEMA_VERSION, Store, UnportableTotals};

use super::report::Report;
use crate::commands::counted::counted;

/// `schema` is that of the database; an older one has no list of names.
pub fn check(report: &mut Report, store: &Store, schema: i64) {
    if schema < SCHEMA_VERSION {
        return;
    }
    let totals = store.unportable_totals().map_err(Into::into);
    let Some(UnportableTotals { names, unlisted }) = report.take("names", totals) else {
        return;
    };
    match names {
        0 => report.ok("names", "every system can hold those that are counted"),
        _ => report.warn(
            "names",
            format!("{names} that Windows or macOS cannot hold: docs/portability.md says how to find them"),
        ),
    }
    if unlisted > 0 {
        report.info(
            "names",
            format!(
                "those of {} are counted by the next push",
                counted(unlisted, "project")
            ),
        );
    }
}
