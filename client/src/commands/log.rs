//! `log`: the versions of a file.

use anyhow::Result;
use serde_json::json;

use super::exit::Done;
use super::open;
use super::say::say;
use super::times::second;
use crate::cli::LogArgs;
use crate::remote::{Remote, Version};

/// Lists the versions of a file, newest first.
pub fn run(args: &LogArgs) -> Result<Done> {
    let folder = open::folder(args.at.folder.as_deref())?;
    let path = open::path(&folder, &args.path)?;
    let versions = open::project(&folder)?.history(&path)?;
    if args.json {
        say(json!(versions.iter().map(as_json).collect::<Vec<_>>()));
    } else if versions.is_empty() {
        say(format_args!("The server has never had {path}."));
    } else {
        versions.iter().for_each(|version| say(line(version)));
    }
    Ok(Done::InStep)
}

fn line(version: &Version) -> String {
    let what = match (&version.checksum, version.available) {
        (None, _) => "deleted".to_owned(),
        (Some(_), true) => format!("{} bytes", version.size),
        (Some(_), false) => "no longer kept".to_owned(),
    };
    let device = version.device.as_deref().unwrap_or("-");
    let time = second(version.stored_at as u64);
    format!("{}  {time}  {what:>14}  {device}", version.rev)
}

fn as_json(version: &Version) -> serde_json::Value {
    json!({
        "rev": version.rev,
        "checksum": version.checksum,
        "size": version.size,
        "modified": version.modified,
        "stored_at": version.stored_at,
        "device": version.device,
        "available": version.available,
    })
}
