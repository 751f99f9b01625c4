//! Statements that take long, so that they delay no thread that serves others.
//!
//! Handing a statement to another thread costs more than most statements take. So one that only reads
//! begins where it is called. If it then takes long, or has many rows, it is ended and begun again: many
//! rows have memory before they are read, no more than a few such statements run at once, and the
//! thread leaves its other tasks to a new one. Where it took long it begins there
//! the next time.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::task::block_in_place;

use super::bindings::spin::sqlite::sqlite::{Error, QueryResult, Value};
use super::instance_memory::{InstanceMemory, UNCOUNTED};
use super::query::{Extent, Failed, memory_size, query, query_within};

/// As far as most statements go.
const SHORT: Extent = Extent {
    time: Duration::from_millis(10),
    bytes: UNCOUNTED,
};
/// Bytes that the rows of a longer one take, as far as it is a page of content.
const LONG_RESULT: usize = 16 << 20;
/// Statements beyond [`SHORT`] that run at once.
const MAX_LONG: usize = 2;
/// Bytes of parameters of a statement that takes long.
const LARGE_PARAMETERS: usize = 256 << 10;

static LONG_READS: Semaphore = Semaphore::const_new(MAX_LONG);

/// The statements of a connection that took long when they last ran.
#[derive(Debug, Default)]
pub struct LongStatements(HashSet<String>);

impl LongStatements {
    /// Runs a statement that does not write, outside of a transaction that does.
    pub async fn read(
        &mut self,
        connection: &mut Connection,
        statement: &str,
        parameters: &[Value],
        memory: &mut InstanceMemory,
    ) -> Result<QueryResult, Error> {
        if !self.0.remove(statement) {
            match query_within(SHORT, connection, statement, parameters) {
                Err(Failed::TooLarge) => {
                    if !memory.reserve(LONG_RESULT).await {
                        return Err(Error::Io("there is no memory for the rows now".to_owned()));
                    }
                }
                Err(failed) if failed.is_interrupted() => {}
                result => return Ok(result?),
            }
        }
        let _place = LONG_READS.acquire().await;
        let began = Instant::now();
        let result = block_in_place(|| query(connection, statement, parameters));
        if began.elapsed() > SHORT.time {
            self.0.insert(statement.to_owned());
        }
        result
    }
}

/// Runs a statement of a writer, which nothing may delay.
pub fn run<T>(parameters: &[Value], run: impl FnOnce() -> T) -> T {
    if parameters.iter().map(memory_size).sum::<usize>() > LARGE_PARAMETERS {
        block_in_place(run)
    } else {
        run()
    }
}
