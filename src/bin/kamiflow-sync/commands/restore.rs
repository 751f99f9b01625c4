//! `restore`: a backup takes the place of the database, which is kept aside.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rusqlite::{Connection, OptionalExtension};

use super::atomic_file::Partial;
use super::check::{self, Census};
use super::installation::Place;
use crate::cli::RestoreArgs;
use crate::database::files::{self, sync_folder_of, with_suffix};
use crate::database::lock::DatabaseLock;
use crate::database::open;

/// How long another program may take to close the database.
const PATIENCE: Duration = Duration::from_secs(1);

/// Checks the backup, and swaps.
pub fn run(args: &RestoreArgs) -> Result<()> {
    let place = Place::find(&args.place)?;
    let database = &place.database;
    ensure!(
        args.file.is_file(),
        "there is no file {}",
        args.file.display()
    );
    let _alone = DatabaseLock::exclusive(database)?;
    want_alone(database)?;
    // The copy is checked and changed, so that neither is done to the backup.
    let partial = Partial::begin(database, true)?;
    copy(&args.file, partial.path())
        .with_context(|| format!("cannot copy {}", args.file.display()))?;
    let census = prepare(partial.path(), &args.file, database)?;
    let kept = set_aside(database)?;
    partial.finish().with_context(|| match &kept {
        Some(kept) => format!("the database before is kept as {}", kept.display()),
        None => "nothing was restored".to_owned(),
    })?;
    files::give_to_owner_of_folder(database);
    println!("Restored {census} from {}", args.file.display());
    if let Some(kept) = kept {
        println!("The database before is kept as {}", kept.display());
    }
    println!(
        "Clients of the change feed are told to start over. The KamiFlow CLI is not: on each device,"
    );
    println!("before it pulls, delete .kamiflow/.sync/state.json and run: kami sync-db push");
    Ok(())
}

/// Copies a database file, and its log when it has one, as the file of a server that was
/// copied without this program does.
fn copy(backup: &Path, target: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal"] {
        let from = with_suffix(backup, suffix);
        if suffix.is_empty() || from.exists() {
            // Not fs::copy, which would also copy who may read it.
            let mut to = File::create(with_suffix(target, suffix))?;
            std::io::copy(&mut File::open(from)?, &mut to)?;
        }
    }
    Ok(())
}

/// Makes `copy` fit to follow on `database`.
fn prepare(copy: &Path, backup: &Path, database: &Path) -> Result<Census> {
    let shown = backup.display();
    let connection = open::existing(copy).map_err(|error| {
        let text = format!("{error:#}").replace(&copy.display().to_string(), &shown.to_string());
        anyhow::anyhow!(text)
    })?;
    let report = check::examine(&connection)?;
    if let [first, ..] = report.findings.as_slice() {
        bail!("{shown} is damaged: {first}");
    }
    follow_on(&connection, database)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    connection
        .close()
        .map_err(|(_, error)| error)
        .context("cannot write the copy")?;
    Ok(report.census)
}

/// Gives every project a new epoch, so that devices that saw later changes are told to start
/// over, and lets its numbers go on behind all that were ever given out.
fn follow_on(copy: &Connection, database: &Path) -> Result<()> {
    copy.execute("UPDATE project SET epoch = random()", [])?;
    let numbers = match given_out(database) {
        Ok(numbers) => numbers,
        Err(error) => {
            eprintln!(
                "kamiflow-sync: the database before cannot be read ({error:#}): numbers go on from the time of day"
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

/// The highest number that each project of the database before gave out.
fn given_out(database: &Path) -> Result<Vec<(String, i64)>> {
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

/// Keeps the old database under another name, whole, with what its log still holds. It also stays
/// where it is until the new one takes its place: a server that starts between the two, after a
/// crash, must not find nothing and begin anew.
fn set_aside(database: &Path) -> Result<Option<PathBuf>> {
    want_alone(database)?;
    if !database.exists() {
        return Ok(None);
    }
    let kept = with_suffix(database, &format!(".before-restore-{}", super::time()?));
    // First the log: a restored file must never meet the log of another.
    for suffix in ["-wal", "-shm"] {
        let (from, to) = (with_suffix(database, suffix), with_suffix(&kept, suffix));
        if from.exists() {
            std::fs::rename(from, to)?;
        }
    }
    std::fs::hard_link(database, &kept)
        .with_context(|| format!("cannot keep the database as {}", kept.display()))?;
    sync_folder_of(database)?;
    Ok(Some(kept))
}

/// Brings the log into the file and makes sure that nobody has it open, such as Spin, which
/// knows no lock of ours: in this locking mode `SQLite` wants the file alone.
fn want_alone(database: &Path) -> Result<()> {
    if !database.exists() {
        return Ok(());
    }
    let connection = Connection::open(database)?;
    connection.busy_timeout(PATIENCE)?;
    let alone = connection
        .query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))
        .and_then(|()| connection.execute_batch("BEGIN EXCLUSIVE; COMMIT"))
        .and_then(|()| {
            connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .optional()
        });
    match alone {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
            bail!(
                "another program has {} open: stop it first",
                database.display()
            )
        }
        // A damaged database is what a restore is for.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_stays_until_it_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("x.db");
        let made = Connection::open(&database).unwrap();
        made.execute_batch("CREATE TABLE t (x)").unwrap();
        drop(made);
        let kept = set_aside(&database).unwrap().unwrap();
        let content = |file: &Path| std::fs::read(file).unwrap();
        assert_eq!(content(&database), content(&kept));
    }
}
