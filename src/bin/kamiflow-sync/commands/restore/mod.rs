//! `restore`: replaces the database with a backup, and keeps the previous database.

mod known;
mod previous;

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use kamiflow_sync_component::store::{DeviceKey, LastRev, MovedProject, Store};

use super::atomic_file::{AtomicFile, PART};
use super::check::{self, Totals};
use super::clock;
use super::full_disk;
use super::installation::Installation;
use super::printable::printable;
use crate::cli::RestoreArgs;
use crate::database::files::{self, with_suffix};
use crate::database::lock::DatabaseLock;
use crate::database::{log_base, one_file, open, own_files};
use crate::say::{note, say};
use known::Known;

pub fn run(args: &RestoreArgs) -> Result<()> {
    let database = Installation::find(&args.installation)?.database;
    restore(args, &database).map_err(|error| full_disk::explain(&database, error))?;
    say!(
        "Clients of the change feed start over by themselves. The KamiFlow CLI does not: on each device,"
    );
    say!("before it pulls, delete .kamiflow/.sync/state.json and run: kami sync-db push");
    Ok(())
}

fn restore(args: &RestoreArgs, database: &Path) -> Result<()> {
    open::require_file(&args.file)?;
    // The copy gets that name.
    ensure!(
        !own_files::is_same(&args.file, &with_suffix(database, PART)),
        "{} is of a restore that was interrupted: to restore it, give it another name",
        args.file.display()
    );
    let _lock = DatabaseLock::exclusive(database)?;
    previous::require_unused(database)?;
    // The copy is checked and changed, and the backup itself is not touched.
    let unfinished = AtomicFile::create(database, true)?;
    copy(&args.file, unfinished.path())
        .with_context(|| format!("cannot copy {}", args.file.display()))?;
    let known = Known::of(database);
    let Prepared { totals, revoked } = prepare(unfinished.path(), &args.file, &known)?;
    let kept = previous::keep(database)?;
    unfinished.finish().with_context(|| match &kept {
        Some(kept) => format!("the previous database is kept as {}", kept.display()),
        None => "nothing was restored".to_owned(),
    })?;
    files::give_to_owner_of_folder(database);
    log_base::clear(database)?;
    say!("Restored {totals} from {}", args.file.display());
    if let Some(kept) = kept {
        say!("The previous database is kept as {}", kept.display());
    }
    say_what_stays(&revoked, known.moved.as_deref().unwrap_or_default());
    note_what_is_unknown(&known);
    Ok(())
}

fn say_what_stays(revoked: &[DeviceKey], moved: &[MovedProject]) {
    for key in revoked {
        let name = printable(&key.name);
        say!(
            "The key {} of {name} was revoked since the backup and stays revoked",
            key.id
        );
    }
    for moved in moved {
        let id = printable(moved.id.as_str());
        say!("{id} was moved to another server and stays closed here");
    }
}

fn note_what_is_unknown(known: &Known) {
    let to_check = known.to_check();
    if !to_check.is_empty() {
        let reason = known.reason.as_deref().unwrap_or_default();
        note!("kamiflow-sync: the previous database cannot be read: {reason}. So check yourself:");
    }
    for line in to_check {
        note!("- {line}");
    }
}

/// Copies a database file, and its write-ahead log if there is one: a backup that was made without
/// this program may have one.
fn copy(backup: &Path, target: &Path) -> std::io::Result<()> {
    for suffix in ["", "-wal"] {
        let from = with_suffix(backup, suffix);
        if suffix.is_empty() || from.exists() {
            // fs::copy would also copy the permissions.
            let to = with_suffix(target, suffix);
            let mut to = files::beside_database().truncate(true).open(to)?;
            std::io::copy(&mut File::open(from)?, &mut to)?;
        }
    }
    Ok(())
}

/// What is in the place of the database after a restore.
struct Prepared {
    totals: Totals,
    /// Keys that stay revoked.
    revoked: Vec<DeviceKey>,
}

/// Prepares the copy of the backup to follow the database that it replaces, and checks what became of it.
fn prepare(copy: &Path, backup: &Path, known: &Known) -> Result<Prepared> {
    let shown = backup.display();
    let connection = open::untrusted(copy).map_err(|error| {
        let text = format!("{error:#}").replace(&copy.display().to_string(), &shown.to_string());
        anyhow::anyhow!(text)
    })?;
    check::examine_schema(&connection)?.require_sound(backup)?;
    let moved = known.moved.as_deref().unwrap_or_default();
    let keys = known.keys.as_deref().unwrap_or_default();
    let store = if moved.is_empty() && keys.is_empty() {
        Store::open_unchanged(connection)
    } else {
        // An older schema has no place for them.
        Store::open(connection)?
    };
    let changed = continue_numbering(&store, known.last_revs.as_deref());
    let changed = changed.and_then(|()| Ok(store.close_again(moved)?));
    let changed = changed.and_then(|()| Ok(store.follow_device_keys(keys)?));
    // One that was ended since the backup must not open again.
    let changed = changed.and_then(|revoked| Ok(store.end_sessions().map(|()| revoked)?));
    drop(store);
    let changed = changed.and_then(|revoked| one_file::move_log_into(copy).map(|()| revoked));
    // After the last statement. In a damaged file, a statement may have failed for that reason.
    let examination = check::examine(&open::untrusted(copy)?)?;
    examination.require_sound(backup)?;
    Ok(Prepared {
        totals: examination.totals,
        revoked: changed?,
    })
}

/// Gives every project a new epoch, so that devices that saw later changes have to start over, and
/// lets its numbering continue after every number that was ever given out.
fn continue_numbering(copy: &Store, last_revs: Option<&[LastRev]>) -> Result<()> {
    copy.renew_epochs()?;
    match last_revs {
        Some(last_revs) => last_revs
            .iter()
            .try_for_each(|last| Ok(copy.raise_last_rev(last)?)),
        None => Ok(copy.raise_last_revs(clock::now_us())?),
    }
}
