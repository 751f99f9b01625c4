//! Says which file has no space left, instead of what SQLite or the system says.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::Path;

use anyhow::anyhow;
use kamiflow_sync_component::store;
use rusqlite::ErrorCode;

/// The error of a command that was writing `file`: what to do when its disk is full; else `error`.
pub fn explain(file: &Path, error: anyhow::Error) -> anyhow::Error {
    if !error.chain().any(is_full) {
        return error;
    }
    let said = error.chain().take_while(|cause| !is_full(*cause));
    let said: String = said.map(|cause| format!("{cause}: ")).collect();
    let shown = file.display();
    anyhow!("{said}no space left for {shown}: make some on its disk, and try again")
}

fn is_full(cause: &(dyn Error + 'static)) -> bool {
    let by_system = cause.downcast_ref::<io::Error>();
    let by_sqlite = cause.downcast_ref::<rusqlite::Error>();
    let full = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded];
    by_system.is_some_and(|error| full.contains(&error.kind()))
        || by_sqlite.is_some_and(|error| error.sqlite_error_code() == Some(ErrorCode::DiskFull))
        || matches!(cause.downcast_ref(), Some(store::Error::Full))
}
