//! Checks the database, its folder, and the clock against the newest change.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;
use rusqlite::Connection;

use super::report::Report;
use crate::commands::{clock, progress};
use crate::database::{files, open};

/// The clock must be past the beginning of 2025; microseconds since 1970.
const YEAR_2025: i64 = 1_735_689_600_000_000;

pub fn check(report: &mut Report, database: &Path) {
    let shown = database.display();
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
    check_contents(report, &connection);
    let writable = connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK");
    report.take("database", writable.context("cannot be written"));
    check_folder(report, database);
}

fn check_contents(report: &mut Report, connection: &Connection) {
    let contents = match contents(connection) {
        Ok(contents) => contents,
        Err(error) => return report.fail("database", error),
    };
    let Contents {
        schema,
        journal_mode,
        projects,
        files,
        last_rev,
    } = contents;
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
    check_clock(report, last_rev);
}

struct Contents {
    schema: i64,
    journal_mode: String,
    projects: i64,
    files: i64,
    last_rev: i64,
}

fn contents(connection: &Connection) -> rusqlite::Result<Contents> {
    let counts =
        "SELECT count(*), coalesce(sum(file_count), 0), coalesce(max(last_rev), 0) FROM project";
    let (projects, files, last_rev) = connection.query_row(counts, [], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })?;
    Ok(Contents {
        schema: connection.query_row("PRAGMA user_version", [], |row| row.get(0))?,
        journal_mode: connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?,
        projects,
        files,
        last_rev,
    })
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
            format!("it is {seconds} s behind the newest change: set the clock"),
        );
    } else {
        report.ok("clock", "not behind the newest change");
    }
}

fn check_folder(report: &Report, database: &Path) {
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
