//! `key list`

use anyhow::{Context, Result};
use chrono::DateTime;
use kamiflow_sync_component::domain::ProjectId;
use kamiflow_sync_component::domain::key::Projects;
use kamiflow_sync_component::store::DeviceKey;

use crate::cli::InstallationArgs;
use crate::commands::installation::Installation;
use crate::commands::printable::printable;
use crate::database::open;
use crate::say::say;

/// Prints a line for each key that is not revoked, the newest first, and never a hash.
pub fn run(args: &InstallationArgs) -> Result<()> {
    let installation = Installation::find(args)?;
    let store = open::existing_store(&installation.database)?;
    let keys = if store.has_device_keys()? {
        store.device_keys()?
    } else {
        Vec::new()
    };
    say!(
        "{:<10}  {:<6}  {:<16}  {:<16}  {:<16}  NAME, PROJECTS",
        "ID",
        "SCOPE",
        "MADE",
        "LAST USED",
        "EXPIRES"
    );
    for key in &keys {
        say!("{}", line(key)?);
    }
    Ok(())
}

fn line(key: &DeviceKey) -> Result<String> {
    let (id, scope) = (&key.id, key.grant.scope.as_str());
    let made = time(Some(key.created_at))?;
    let (used, expires) = (time(key.last_used_at)?, time(key.grant.expires_at)?);
    let name = printable(&format!("{}{}", key.name, projects(&key.grant.projects)));
    Ok(format!(
        "{id:<10}  {scope:<6}  {made:<16}  {used:<16}  {expires:<16}  {name}"
    ))
}

/// In UTC, to the minute.
fn time(at_us: Option<i64>) -> Result<String> {
    let Some(at_us) = at_us else {
        return Ok("never".to_owned());
    };
    let time = DateTime::from_timestamp_micros(at_us).context("a time is out of range")?;
    Ok(time.format("%Y-%m-%d %H:%M").to_string())
}

fn projects(projects: &Projects) -> String {
    let Projects::Only(ids) = projects else {
        return String::new();
    };
    let ids: Vec<_> = ids.iter().map(ProjectId::as_str).collect();
    format!(" (only {})", ids.join(", "))
}
