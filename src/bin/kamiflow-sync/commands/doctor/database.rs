//! Checks the database, its folder, and the clock against the newest change.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use kamiflow_sync_component::store::{Store, Totals};

use super::report::Report;
use super::space;
use crate::commands::counted::counted;
use crate::commands::{clock, progress};
use crate::database::{access, files, log_check, open};

pub fn check(report: &mut Report, database: &Path, by_project: bool) {
    let shown = database.display();
    check_folder(report, database);
    if let Some(obstacle) = access::obstacle(database) {
        return report.fail("database", obstacle);
    }
    if let Err(error) = log_check::require_own_log(database) {
        return report.fail("database", error);
    }
    if files::length(database) == 0 {
        return report.ok(
            "database",
            format!("{shown}: none yet, made by the first request"),
        );
    }
    let Some(connection) = report.take("database", open::existing_to_read(database)) else {
        return;
    };
    let writable = connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    let store = Store::open_unchanged(connection);
    let writable = writable.context("cannot be written");
    let usable = writable.and_then(|()| require_wal(&store));
    if report.take("database", usable).is_some() {
        let size = progress::bytes(files::length(database));
        let log = progress::bytes(files::length(&files::with_suffix(database, "-wal")));
        report.ok("database", format!("{shown}: {size}, log {log}"));
    }
    check_contents(report, &store);
    space::check(report, &store, by_project);
}

fn require_wal(store: &Store) -> Result<()> {
    let mode = store.journal_mode()?;
    ensure!(mode == "wal", "its journal mode is {mode}, not wal");
    Ok(())
}

fn check_contents(report: &mut Report, store: &Store) {
    let contents = || Ok((store.schema_version()?, store.totals()?));
    let Some((schema, totals)) = report.take("contents", contents()) else {
        return;
    };
    let Totals {
        projects, files, ..
    } = totals;
    report.ok(
        "contents",
        format!(
            "schema {schema}, {}, {}",
            counted(projects, "project"),
            counted(files, "file")
        ),
    );
    super::names::check(report, store, schema);
    // A schema from before the table of the clock has none.
    let clock = store.clock().ok().flatten();
    let latest = clock.map_or(0, |clock| clock.latest);
    check_clock(report, totals.last_rev.max(latest));
    if let Some(clock) = clock {
        let trusted = clock::shown(clock.trusted);
        report.ok("retention", format!("prunes as if it were {trusted}"));
    }
}

/// Revs are times, so a newest rev in the future means that the clock is wrong or was wrong.
fn check_clock(report: &mut Report, newest: i64) {
    let now = clock::now_us();
    if !clock::is_plausible(now) {
        report.fail("clock", "it is before 2025: set the clock");
    } else if newest > now + 1_000_000 {
        let (seconds, shown) = ((newest - now) / 1_000_000, clock::shown(now));
        report.fail(
            "clock",
            format!(
                "it shows {shown}, {seconds} s behind the newest change: if that is wrong, set it; if that \
                 is right, it was ahead when that was pushed, so stop the server and run \
                 kamiflow-sync renumber --all"
            ),
        );
    } else {
        report.ok("clock", "not behind the newest change");
    }
}

fn check_folder(report: &mut Report, database: &Path) {
    if let Some(folder) = database.parent().filter(|folder| folder.is_dir()) {
        super::files::check_writable(report, "folder", folder);
    }
    let path = files::folder_of(database);
    if let Ok(folder) = path.metadata() {
        let (mode, shown) = (folder.permissions().mode() & 0o777, path.display());
        if mode & 0o077 != 0 {
            report.warn(
                "folder",
                format!("others can look into it (mode {mode:o}): chmod 700 {shown}"),
            );
        }
    }
}
