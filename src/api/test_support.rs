//! What unit tests of this module share.

use std::cell::RefCell;
use std::collections::HashMap;

use super::app::App;
use super::later::Later;
use super::waiting::Places;
use super::waiting::Watch;
use crate::counters::{CounterError, Counters};
use crate::settings::Settings;
use crate::store::{Database, Error};

/// A server with default settings, and with neither a database nor counters.
pub fn app() -> App {
    App {
        settings: Settings::new(|_| Ok(None)),
        memory: Box::new(Nothing),
        durable: Box::new(Nothing),
        database: Database::new(|| Err(Error::Busy)),
        started_us: 0,
        is_held: true,
        host_report: || None,
        random: || 0xab,
        later: Later::default(),
        watch: Watch::default(),
        places: Places::default(),
    }
}

/// A store that fails whatever it is asked.
pub struct Unreachable;

impl Unreachable {
    fn failed<T>() -> Result<T, CounterError> {
        Err(CounterError {
            label: "unreachable",
            reason: "there is no such server".to_owned(),
        })
    }
}

impl Counters for Unreachable {
    fn get(&self, _: &str) -> Result<Option<i64>, CounterError> {
        Self::failed()
    }

    fn set(&self, _: &str, _: i64) -> Result<(), CounterError> {
        Self::failed()
    }

    fn add(&self, _: &str, _: i64) -> Result<i64, CounterError> {
        Self::failed()
    }

    fn delete(&self, _: &str) -> Result<(), CounterError> {
        Self::failed()
    }
}

struct Nothing;

impl Counters for Nothing {
    fn get(&self, _: &str) -> Result<Option<i64>, CounterError> {
        Ok(None)
    }

    fn set(&self, _: &str, _: i64) -> Result<(), CounterError> {
        Ok(())
    }

    fn add(&self, _: &str, number: i64) -> Result<i64, CounterError> {
        Ok(number)
    }

    fn delete(&self, _: &str) -> Result<(), CounterError> {
        Ok(())
    }
}

/// The memory of a process.
#[derive(Default)]
pub struct InMemory(RefCell<HashMap<String, i64>>);

impl Counters for InMemory {
    fn get(&self, key: &str) -> Result<Option<i64>, CounterError> {
        Ok(self.0.borrow().get(key).copied())
    }

    fn set(&self, key: &str, number: i64) -> Result<(), CounterError> {
        self.0.borrow_mut().insert(key.to_owned(), number);
        Ok(())
    }

    fn add(&self, key: &str, number: i64) -> Result<i64, CounterError> {
        let mut numbers = self.0.borrow_mut();
        let sum = numbers.entry(key.to_owned()).or_default();
        *sum += number;
        Ok(*sum)
    }

    fn delete(&self, key: &str) -> Result<(), CounterError> {
        self.0.borrow_mut().remove(key);
        Ok(())
    }
}
