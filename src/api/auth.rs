//! Whose key a request has.

use subtle::ConstantTimeEq;

use super::app::App;
use super::caller::Caller;
use super::error::Error;
use crate::domain::ProjectId;
use crate::domain::key::KeyText;
use crate::settings::Settings;
use crate::store::DeviceKey;

/// The caller with the key of a request, which may be about a project: 401 without a key, 403 with a wrong
/// one. Without a configured key nobody passes.
pub(super) fn caller(
    app: &App,
    sent: Option<&[u8]>,
    project: Option<&ProjectId>,
    now_us: i64,
) -> Result<Caller, Error> {
    // The settings first: a server without a key says so to everybody.
    let is_owner = is_owner(&app.settings, sent.unwrap_or_default())?;
    let sent = sent.ok_or(Error::Unauthenticated)?;
    if is_owner {
        return Ok(Caller::Owner);
    }
    let text = KeyText::parse(sent).ok_or(Error::Forbidden)??;
    let key = device_key(app, &text, project, now_us)?;
    Ok(Caller::Device(Box::new(key)))
}

/// Compares the sent key with the configured one, and with the previous one while there is one.
fn is_owner(settings: &Settings, sent: &[u8]) -> Result<bool, Error> {
    let (key, previous) = (settings.api_key()?, settings.api_key_previous()?);
    // Equal time for every wrong key of the right length, wherever it differs.
    let is_previous = previous.map_or(0.into(), |previous| {
        sent.ct_eq(previous.expose().as_bytes())
    });
    Ok((sent.ct_eq(key.expose().as_bytes()) | is_previous).into())
}

/// Looks the key up for every request, so that it works no longer as soon as it is revoked anywhere.
/// Only with the right secret is it told why it does not.
fn device_key(
    app: &App,
    text: &KeyText,
    project: Option<&ProjectId>,
    now_us: i64,
) -> Result<DeviceKey, Error> {
    let found = app
        .database
        .with(|store| store.device_key(text.id.as_str(), project))?;
    let key = found.filter(|key| key.secrets.accept(&text.hash(), now_us));
    usable(app, key.ok_or(Error::Forbidden)?, now_us)
}

/// Lets a key pass that is neither revoked nor expired, and notes that it was used.
pub(super) fn usable(app: &App, key: DeviceKey, now_us: i64) -> Result<DeviceKey, Error> {
    match key {
        key if key.revoked_at.is_some() => Err(Error::KeyRevoked),
        key if key.grant.has_expired(now_us) => Err(Error::KeyExpired),
        key => {
            note_use(app, &key, now_us);
            Ok(key)
        }
    }
}

/// Once in ten minutes, so that requests which only read hardly ever write.
fn note_use(app: &App, key: &DeviceKey, now_us: i64) {
    if key.use_is_due(now_us) {
        let number = key.number;
        app.later
            .add(move |store| store.note_key_use(number, now_us));
    }
}
