//! `key rotate`

use anyhow::{Context, Result, anyhow};
use kamiflow_sync_component::domain::key::{KeyId, KeyText};

use super::change::{reveal, secret, unknown};
use crate::cli::KeyRotateArgs;
use crate::commands::clock;
use crate::commands::printable::printable;
use crate::say::note;

const HOUR_US: i64 = 3_600_000_000;

/// Prints the key alone on standard output, so that a script can take it.
pub fn run(args: &KeyRotateArgs) -> Result<()> {
    let id = KeyId::parse(&args.id).ok_or_else(|| anyhow!(unknown(&args.id)))?;
    let (text, now_us) = (
        secret(|random| KeyText::renew(id, random))?,
        clock::now_us(),
    );
    let until = now_us + i64::from(args.grace) * HOUR_US;
    let (key, ended) = reveal(&args.installation, &text, |store| {
        let before = store.device_key(&args.id, None)?;
        let ended = before.and_then(|key| key.secrets.previous);
        let rotated = store.rotate_device_key(&args.id, &text.hash(), now_us, until)?;
        let key = rotated.with_context(|| unknown(&args.id))?;
        Ok((key, ended))
    })?;
    let previous = match args.grace {
        0 => "no more".to_owned(),
        grace => format!("for another {grace} hours"),
    };
    let name = printable(&key.name);
    note!("This is the key of {name} now; the previous one works {previous}");
    if let Some((_, until)) = ended.filter(|(_, until)| now_us < *until) {
        let until = clock::shown(until);
        note!("The one before that, which was to work until {until}, works no more");
    }
    Ok(())
}
