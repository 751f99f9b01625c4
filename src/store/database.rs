//! Opens the database when a request first needs it, and keeps the connection for the next.

use std::cell::RefCell;

use super::error::Error;
use super::project::Project;
use super::push::{Applied, Contention, PushTo};
use super::store::Store;
use crate::domain::{ProjectId, Push};

/// A database that is opened on first use.
///
/// On a host that reuses instances this saves every request but the first from opening a
/// connection.
pub struct Database {
    open: Box<dyn Fn() -> Result<Store, Error>>,
    kept: RefCell<Option<Store>>,
    /// Which projects several push into, as far as this instance knows.
    contention: Contention,
}

impl Database {
    /// A database that `open` opens.
    pub fn new(open: impl Fn() -> Result<Store, Error> + 'static) -> Self {
        Self {
            open: Box::new(open),
            kept: RefCell::default(),
            contention: Contention::default(),
        }
    }

    /// Runs `ask` on a connection. After an error the connection is dropped, and with it what it
    /// had not committed.
    pub fn with<T, E: From<Error>>(
        &self,
        ask: impl FnOnce(&Store) -> Result<T, E>,
    ) -> Result<T, E> {
        let store = match self.kept.take() {
            Some(store) => store,
            None => (self.open)()?,
        };
        let answer = ask(&store)?;
        self.kept.replace(Some(store));
        Ok(answer)
    }

    /// Runs `ask` on one snapshot of the database.
    pub fn read<T, E: From<Error>>(
        &self,
        ask: impl FnOnce(&Store) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with(|store| store.snapshot(ask))
    }

    /// Runs `ask` on a project and, on the same snapshot, whatever belongs to it. Where its row
    /// `is_enough`, as for most polls, that is the only statement.
    pub fn read_project<T, E: From<Error>>(
        &self,
        id: &ProjectId,
        is_enough: impl FnOnce(&Project) -> bool,
        ask: impl FnOnce(&Store, Option<Project>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with(|store| match store.project(id)? {
            Some(project) if !is_enough(&project) => {
                store.snapshot(|store| ask(store, store.project(id)?))
            }
            project => ask(store, project),
        })
    }

    /// Applies a push, in the way that costs least.
    pub fn apply(&self, push: &Push, to: &PushTo) -> Result<Applied, Error> {
        self.with(|store| self.contention.apply(store, push, to))
    }

    /// Runs `work` in a transaction that excludes other writers, and commits. Runs it again when a
    /// statement was interrupted.
    pub fn write<T, E: From<Error>>(&self, work: impl Fn(&Store) -> Result<T, E>) -> Result<T, E> {
        self.with(|store| store.retried(|store| store.write(&work)))
    }

    /// Runs `work` that takes data or rights away, as [`write`](Self::write) does, also on a full disk.
    pub fn take_away<T, E: From<Error>>(
        &self,
        work: impl Fn(&Store) -> Result<T, E>,
    ) -> Result<T, E> {
        self.with(|store| store.retried(|store| store.take_away(&work)))
    }
}
