//! The report, one line for each result.

use std::fmt::Display;

use crate::say::say;
use anyhow::Result;

#[derive(Default)]
pub struct Report {
    failures: usize,
}

impl Report {
    pub fn failures(&self) -> usize {
        self.failures
    }

    pub fn ok(&self, name: &str, text: impl Display) {
        print("ok", name, text);
    }

    pub fn warn(&self, name: &str, text: impl Display) {
        print("warn", name, text);
    }

    pub fn fail(&mut self, name: &str, text: impl Display) {
        self.failures += 1;
        print("FAIL", name, text);
    }

    /// For what no check belongs to.
    pub fn info(&self, name: &str, text: impl Display) {
        print("", name, text);
    }

    /// The value; an error is reported.
    pub fn take<T>(&mut self, name: &str, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(name, format!("{error:#}"));
                None
            }
        }
    }
}

fn print(state: &str, name: &str, text: impl Display) {
    say!("{state:4}  {name:10}  {text}");
}
