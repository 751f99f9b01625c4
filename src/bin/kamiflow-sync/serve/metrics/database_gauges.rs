//! Gauges of the database: what it holds, its files, and its last backup.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::Result;
use kamiflow_sync_component::store::Store;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use rusqlite::{Connection, OpenFlags};

use super::units::{as_gauge, unix_seconds};
use crate::database::{backup_mark, files};

/// Rows are not counted again before this time has passed.
const COUNT_INTERVAL: Duration = Duration::from_secs(60);
/// Rows are not counted again before this many times of what counting took, either: it reads every version, and is to take a
/// twentieth of one core at the most.
const COUNT_REST: u32 = 20;

/// Gauges that are read when they are asked for.
#[derive(Debug, Default)]
pub struct DatabaseGauges {
    file: Option<PathBuf>,
    /// When rows are counted again. Locked while they are.
    next_count: Mutex<Option<Instant>>,
    projects: Gauge,
    files: Gauge,
    file_bytes: Gauge,
    versions: Gauge,
    history_bytes: Gauge,
    free_page_bytes: Gauge,
    database_bytes: Gauge,
    wal_bytes: Gauge,
    free_bytes: Gauge,
    last_backup: Gauge,
}

impl DatabaseGauges {
    pub fn new(file: Option<&Path>, registry: &mut Registry) -> Self {
        let gauges = Self {
            file: file.map(Path::to_owned),
            ..Self::default()
        };
        for (name, help, gauge) in [
            ("projects", "Projects", &gauges.projects),
            ("files", "Live files", &gauges.files),
            ("file_bytes", "Bytes of live files", &gauges.file_bytes),
            ("versions", "Versions of all files", &gauges.versions),
            (
                "history_bytes",
                "Bytes of content that no live file has, and older versions need",
                &gauges.history_bytes,
            ),
            (
                "free_page_bytes",
                "Pages inside the database file that wait for new data",
                &gauges.free_page_bytes,
            ),
            (
                "database_bytes",
                "The database file",
                &gauges.database_bytes,
            ),
            ("wal_bytes", "The write-ahead log", &gauges.wal_bytes),
            ("disk_free_bytes", "Free on its disk", &gauges.free_bytes),
            (
                "last_backup_timestamp_seconds",
                "When the last good backup was made; 0: never",
                &gauges.last_backup,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        gauges
    }

    pub fn update(&self) {
        let Some(database) = &self.file else { return };
        self.measure(database);
        if let Err(error) = self.count_rows(database) {
            tracing::warn!(
                error = format!("{error:#}"),
                "cannot count the rows for the metrics"
            );
        }
    }

    fn measure(&self, database: &Path) {
        let length = |file: &Path| as_gauge(files::length(file));
        self.database_bytes.set(length(database));
        self.wal_bytes
            .set(length(&files::with_suffix(database, "-wal")));
        if let Ok(disk) = rustix::fs::statvfs(database) {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            self.free_bytes.set(as_gauge(free));
        }
        let backup = backup_mark::age(database).and_then(|age| SystemTime::now().checked_sub(age));
        self.last_backup.set(backup.map_or(0, unix_seconds));
    }

    /// Leaves the numbers as they were while another request counts: on a large database that takes
    /// longer than Prometheus waits.
    fn count_rows(&self, database: &Path) -> Result<()> {
        let mut next_count = match self.next_count.try_lock() {
            Ok(next_count) => next_count,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        let began = Instant::now();
        if next_count.is_some_and(|next| began < next) {
            return Ok(());
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let store = Store::open_unchanged(Connection::open_with_flags(database, flags)?);
        // Before the first request there are no tables yet.
        if store.schema_version()? > 0 {
            let totals = store.totals()?;
            self.projects.set(as_gauge(totals.projects));
            self.files.set(as_gauge(totals.files));
            self.file_bytes.set(as_gauge(totals.file_bytes));
            self.versions.set(as_gauge(store.version_count()?));
            let history = store.usage()?.iter().map(|project| project.history).sum();
            self.history_bytes.set(as_gauge(history));
            self.free_page_bytes.set(as_gauge(store.file_space()?.free));
        }
        let rest = COUNT_INTERVAL.max(began.elapsed() * COUNT_REST);
        *next_count = Some(Instant::now() + rest);
        Ok(())
    }
}
