//! `key add`

use anyhow::{Result, anyhow};
use kamiflow_sync_component::domain::key::{Grant, KeyName, KeyText, Projects};
use kamiflow_sync_component::store::NewKey;

use super::change::{reveal, secret};
use super::expiry;
use crate::cli::KeyAddArgs;
use crate::commands::{clock, project_id};
use crate::say::note;

/// Prints the key alone on standard output, so that a script can take it.
pub fn run(args: &KeyAddArgs) -> Result<()> {
    let (text, now_us) = (
        secret(|random| KeyText::generate(&mut *random))?,
        clock::now_us(),
    );
    let key = NewKey {
        id: text.id.clone(),
        name: KeyName::parse(&args.name).map_err(|rule| anyhow!("the name {rule}"))?,
        grant: Grant {
            scope: args.scope,
            projects: projects(&args.projects)?,
            expires_at: args
                .expires
                .as_deref()
                .map(|text| expiry::parse(text, now_us))
                .transpose()?,
        },
        hash: text.hash(),
    };
    let key = reveal(&args.installation, &text, |store| {
        Ok(store.add_device_key(&key, now_us)?)
    })?;
    note!(
        "The key of {} is shown only now: on the device, 'kamisync link' or 'kami sync-db setup' asks for it",
        key.name
    );
    Ok(())
}

fn projects(ids: &[String]) -> Result<Projects> {
    match ids {
        [] => Ok(Projects::All),
        ids => {
            let ids = ids.iter().map(|id| project_id::parse(id));
            Ok(Projects::Only(ids.collect::<Result<_>>()?))
        }
    }
}
