//! Writing that no answer waits for, so that a request which only reads costs no more for it.

use std::cell::RefCell;

use super::failure::with_causes;
use crate::store::{Database, Error, Store};

type Work = Box<dyn FnOnce(&Store) -> Result<(), Error>>;

/// What is to be written after the answer.
#[derive(Default)]
pub struct Later(RefCell<Vec<Work>>);

impl Later {
    /// Adds what is not worth a failed request: nothing is lost when it is never written.
    pub fn add(&self, work: impl FnOnce(&Store) -> Result<(), Error> + 'static) {
        self.0.borrow_mut().push(Box::new(work));
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    /// Writes it; to be called when the answer is on the way.
    pub fn write(&self, database: &Database) {
        let work = self.0.take();
        if !work.is_empty() {
            // A later request has the same to write.
            let write = |store: &Store| work.into_iter().try_for_each(|work| work(store));
            if let Err(error) = database.with(|store| store.write(write)) {
                let error = with_causes(&error);
                eprintln!("warning: what a request noted was not written: {error}");
            }
        }
    }
}
