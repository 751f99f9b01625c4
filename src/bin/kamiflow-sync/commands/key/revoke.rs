//! `key revoke`

use anyhow::{Context, Result};

use super::change::{take_away, unknown};
use crate::cli::KeyRevokeArgs;
use crate::commands::clock;
use crate::commands::printable::printable;
use crate::say::say;

pub fn run(args: &KeyRevokeArgs) -> Result<()> {
    let key = take_away(&args.installation, |store| {
        let revoked = store.revoke_device_key(&args.id, clock::now_us())?;
        revoked.with_context(|| unknown(&args.id))
    })?;
    say!("Revoked {}, the key of {}", key.id, printable(&key.name));
    Ok(())
}
