//! Checks the database, its folder, and the clock against the newest change.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use kamiflow_sync_component::store::{self, Store, Totals};

use super::report::Report;
use crate::commands::{clock, progress};
use crate::database::{access, files, open};

/// The clock must be past the beginning of 2025; microseconds since 1970.
const YEAR_2025: i64 = 1_735_689_600_000_000;

pub fn check(report: &mut Report, database: &Path) {
    let shown = database.display();
    check_folder(report, database);
    if let Some(obstacle) = access::obstacle(database) {
        return report.fail("database", obstacle);
    }
    if files::length(database) == 0 {
        return report.ok(
            "database",
            format!("{shown}: none yet, made by the first request"),
        );
    }
    let Some(connection) = report.take("database", open::existing(database)) else {
        return;
    };
    let size = progress::bytes(files::length(database));
    let log = progress::bytes(files::length(&files::with_suffix(database, "-wal")));
    report.ok("database", format!("{shown}: {size}, log {log}"));
    let writable = connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    check_contents(report, &Store::open_unchanged(connection));
    report.take("database", writable.context("cannot be written"));
}

fn check_contents(report: &mut Report, store: &Store) {
    let contents = || {
        Ok((
            store.schema_version()?,
            store.journal_mode()?,
            store.totals()?,
        ))
    };
    let (schema, journal_mode, totals) = match contents() {
        Ok(contents) => contents,
        Err(error) => {
            let error: store::Error = error;
            return report.fail("database", format!("{:#}", anyhow::Error::from(error)));
        }
    };
    let Totals {
        projects, files, ..
    } = totals;
    report.ok(
        "contents",
        format!("schema {schema}, {projects} projects, {files} files"),
    );
    if journal_mode != "wal" {
        report.fail(
            "database",
            format!("its journal mode is {journal_mode}, not wal"),
        );
    }
    check_clock(report, totals.last_rev);
}

/// Revs are times, so a newest rev in the future means that the clock is wrong or was wrong.
fn check_clock(report: &mut Report, last_rev: i64) {
    let now = clock::now_us();
    if now < YEAR_2025 {
        report.fail("clock", "it is before 2025: set the clock");
    } else if last_rev > now + 1_000_000 {
        let seconds = (last_rev - now) / 1_000_000;
        report.fail(
            "clock",
            format!(
                "it is {seconds} s behind the newest change: set it, unless it is right now and was \
                 ahead when that was pushed; docs/self-hosting/trouble.md has the way back"
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
    if let Ok(folder) = database.with_file_name(".").metadata() {
        let mode = folder.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            report.warn(
                "folder",
                format!("others can look into it (mode {mode:o}): chmod 700"),
            );
        }
    }
}
