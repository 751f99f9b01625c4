//! What all instances of the component share: databases, key-value stores and variables.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::free_pages;
use super::guest_database::GuestDatabase;
use super::instance_memory::BUDGET;
use super::labels::Labels;
use super::memory_pool::Pool;
use super::stores::{Backend, FileBackend};
use super::turns::Turns;
use super::values::Variables;
use super::write_lock::WriteLock;
use crate::database::disk_reserve::DiskReserve;

/// The variable that tells the component who holds the connections of those who wait.
pub const CONNECTIONS_ARE_HELD: &str = "connections_are_held";

#[derive(Debug)]
pub struct Shared {
    pub databases: Labels<GuestDatabase>,
    pub stores: Labels<Backend>,
    /// The component's variables.
    pub variables: Variables,
    /// Of all instances.
    pub memory: Arc<Pool>,
    pub turns: Turns,
}

/// Labels of one kind.
pub struct Grants<'a> {
    /// Labels that the manifest grants.
    pub granted: &'a [String],
    /// The file of each label; `None` is memory.
    pub files: &'a BTreeMap<String, Option<PathBuf>>,
}

impl Shared {
    /// Creates one write lock per file, because databases and stores may be in the same one.
    pub fn new(
        databases: &Grants<'_>,
        stores: &Grants<'_>,
        variables: Variables,
        cores: usize,
    ) -> Self {
        let mut locks: HashMap<PathBuf, WriteLock> = HashMap::new();
        let mut lock = |file: &Path| {
            let lock = locks.entry(file.to_owned());
            lock.or_insert_with(|| WriteLock::of(file)).clone()
        };
        let database = |file: &Option<PathBuf>| GuestDatabase {
            file: file.clone(),
            write_lock: file.as_deref().map(&mut lock).unwrap_or_default(),
            reserve: file.as_deref().map(DiskReserve::of),
            is_wal: false.into(),
        };
        let databases = databases.labels(database);
        let backend = |file: &Option<PathBuf>| match file {
            Some(file) => Backend::File(FileBackend::new(file.clone(), lock(file))),
            None => Backend::default(),
        };
        Self {
            databases,
            stores: stores.labels(backend),
            variables,
            memory: Pool::new(BUDGET),
            turns: Turns::new(cores),
        }
    }
}

impl Shared {
    /// Whether the program holds the connections of those who wait, and not the component, as on Spin.
    pub fn holds_connections(&self) -> bool {
        let held = self.variables.get(CONNECTIONS_ARE_HELD);
        held.is_some_and(|value| value == "true")
    }

    /// Gives free pages of the databases back to the disk, as long as it is polled.
    pub async fn give_free_pages_back(&self) {
        free_pages::give_back(self.databases.defined.values().cloned().collect()).await;
    }

    /// For each database a number that changes when another connection than that of the group commit
    /// has written to it, in this process or another one.
    pub async fn data_versions(&self) -> Vec<Option<i64>> {
        let mut versions = Vec::new();
        for database in self.databases.defined.values() {
            versions.push(database.data_version().await);
        }
        versions
    }
}

impl Grants<'_> {
    fn labels<T>(&self, mut open: impl FnMut(&Option<PathBuf>) -> T) -> Labels<T> {
        let define = |(label, file): (&String, _)| (label.clone(), Arc::new(open(file)));
        Labels {
            granted: self.granted.iter().cloned().collect(),
            defined: self.files.iter().map(define).collect(),
        }
    }
}
