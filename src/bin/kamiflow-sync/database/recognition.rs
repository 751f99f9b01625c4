//! What to do about a database that is not one of this program.

use std::path::Path;

use anyhow::{Error, Result, anyhow};
use kamiflow_sync_component::store::{self, SCHEMA_VERSION};
use rusqlite::Connection;

/// Fails unless the database is of this program, or an older one.
pub fn require_own(file: &Path, connection: &Connection) -> Result<()> {
    store::require_own(connection).map_err(|error| explain(file, error, ""))
}

/// The error for a server that cannot use its database.
pub fn explain_to_server(file: &Path, error: store::Error) -> Error {
    let way = match error {
        store::Error::NewerSchema(_) => "; start the newer program or restore a backup",
        _ => ": set DB_PATH to another file, or restore a backup",
    };
    explain(file, error, way)
}

fn explain(file: &Path, error: store::Error, way: &str) -> Error {
    let shown = file.display();
    match error {
        store::Error::NewerSchema(newer) => anyhow!(
            "{shown} is newer than this program: it has schema {newer}, this program knows {SCHEMA_VERSION}{way}"
        ),
        store::Error::OtherProgram => anyhow!("{shown} is no database of KamiFlow Sync{way}"),
        store::Error::OriginalServer => anyhow!(
            "{shown} is the database of the original server: set DB_PATH to a new file and run \
             'kamiflow-sync import-legacy {shown}'"
        ),
        error => Error::new(error).context(format!("cannot read {shown}")),
    }
}
