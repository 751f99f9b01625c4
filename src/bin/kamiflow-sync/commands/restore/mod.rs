//! `restore`: replaces the database with a backup, and keeps the previous database.

mod previous;

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::Connection;

use super::atomic_file::AtomicFile;
use super::check::{self, Totals};
use super::installation::Installation;
use crate::cli::RestoreArgs;
use crate::database::files::{self, with_suffix};
use crate::database::lock::DatabaseLock;
use crate::database::open;

pub fn run(args: &RestoreArgs) -> Result<()> {
    let installation = Installation::find(&args.installation)?;
    let database = &installation.database;
    ensure!(
        args.file.is_file(),
        "there is no file {}",
        args.file.display()
    );
    let _lock = DatabaseLock::exclusive(database)?;
    previous::require_unused(database)?;
    // The copy is checked and changed, and the backup itself is not touched.
    let unfinished = AtomicFile::create(database, true)?;
    copy(&args.file, unfinished.path())
        .with_context(|| format!("cannot copy {}", args.file.display()))?;
    let totals = prepare(unfinished.path(), &args.file, database)?;
    let kept = previous::keep(database)?;
    unfinished.finish().with_context(|| match &kept {
        Some(kept) => format!("the previous database is kept as {}", kept.display()),
        None => "nothing was restored".to_owned(),
    })?;
    files::give_to_owner_of_folder(database);
    println!("Restored {totals} from {}", args.file.display());
    if let Some(kept) = kept {
        println!("The database before is kept as {}", kept.display());
    }
    println!(
        "The server tells clients of the change feed to start over. It cannot tell the KamiFlow CLI: on each device,"
    );
    println!("before it pulls, delete .kamiflow/.sync/state.json and run: kami sync-db push");
    Ok(())
}

/// Copies a database file, and its write-ahead log if there is one: a backup that was made without
/// this program may have one.
fn copy(backup: &Path, target: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal"] {
        let from = with_suffix(backup, suffix);
        if suffix.is_empty() || from.exists() {
            // fs::copy would also copy the permissions.
            let mut to = File::create(with_suffix(target, suffix))?;
            std::io::copy(&mut File::open(from)?, &mut to)?;
        }
    }
    Ok(())
}

/// Checks the copy of the backup and prepares it to follow `database`.
fn prepare(copy: &Path, backup: &Path, database: &Path) -> Result<Totals> {
    let shown = backup.display();
    let connection = open::existing(copy).map_err(|error| {
        let text = format!("{error:#}").replace(&copy.display().to_string(), &shown.to_string());
        anyhow::anyhow!(text)
    })?;
    let examination = check::examine(&connection)?;
    if let [first, ..] = examination.findings.as_slice() {
        bail!("{shown} is damaged: {first}");
    }
    continue_numbering(&connection, database)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection
        .close()
        .map_err(|(_, error)| error)
        .context("cannot write the copy")?;
    Ok(examination.totals)
}

/// Gives every project a new epoch, so that devices that saw later changes have to start over, and
/// lets its numbering continue after every number that was ever given out.
fn continue_numbering(copy: &Connection, database: &Path) -> Result<()> {
    copy.execute("UPDATE project SET epoch = random()", [])?;
    let numbers = match last_numbers(database) {
        Ok(numbers) => numbers,
        Err(error) => {
            eprintln!(
                "kamiflow-sync: the previous database cannot be read ({error:#}): numbering continues from the time of day"
            );
            let now = "UPDATE project SET last_rev =
                max(last_rev, CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER))";
            copy.execute(now, [])?;
            Vec::new()
        }
    };
    for (id, last_rev) in numbers {
        let raise = "UPDATE project SET last_rev = max(last_rev, ?2) WHERE id = ?1";
        if copy.execute(raise, (&id, last_rev))? == 0 {
            let retire = "INSERT INTO retired (id, last_rev) VALUES (?1, ?2)
                ON CONFLICT (id) DO UPDATE SET last_rev = max(last_rev, excluded.last_rev)";
            copy.execute(retire, (&id, last_rev))?;
        }
    }
    Ok(())
}

/// The highest number that each project of `database` has given out.
fn last_numbers(database: &Path) -> Result<Vec<(String, i64)>> {
    if database.metadata().map_or(0, |file| file.len()) == 0 {
        return Ok(Vec::new());
    }
    let connection = open::existing(database)?;
    let mut select = connection.prepare(
        "SELECT id, max(last_rev) FROM (SELECT id, last_rev FROM project
         UNION ALL SELECT id, last_rev FROM retired) GROUP BY id",
    )?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
