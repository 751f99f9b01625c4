//! The person who has signed in, and the cookie of the session.

use http::HeaderMap;
use http::Response;
use http::header::{COOKIE, HeaderValue, SET_COOKIE};

use super::origin;
use crate::api::{App, Caller, Error, person, site};
use crate::domain::Rev;
use crate::domain::session::{Credential, Proof, SessionId};
use crate::settings::Settings;
use crate::store::{DeviceKey, Session};

/// The address of the form.
pub(super) const SIGN_IN: &str = "/dashboard/sign-in";

const COOKIE_NAME: &str = "kamiflow-session";

/// A session of somebody whose key still opens it.
pub(super) struct SignedIn {
    /// Its id.
    pub(super) id: SessionId,
    /// What it may do.
    pub(super) caller: Caller,
}

/// The session of a request; none without one, and when it is over, or its key opens nothing any more.
pub(super) fn find(app: &App, headers: &HeaderMap, now_us: Rev) -> Result<Option<SignedIn>, Error> {
    let Some(id) = sent_id(headers) else {
        return Ok(None);
    };
    let Some(session) = app.database.with(|store| store.session(&id, now_us))? else {
        return Ok(None);
    };
    let caller = match &session.key {
        None => is_owner(&app.settings, &id, &session)?.then_some(Caller::Owner),
        Some(key) => device(app, &id, &session, key, now_us)?,
    };
    if caller.is_some() && session.use_is_due(now_us) {
        let id = id.clone();
        app.later
            .add(move |store| store.note_session_use(&id, now_us));
    }
    Ok(caller.map(|caller| SignedIn { id, caller }))
}

fn sent_id(headers: &HeaderMap) -> Option<SessionId> {
    let values = headers.get_all(COOKIE).iter();
    let cookies = values.filter_map(|value| value.to_str().ok());
    let cookies = cookies.flat_map(|value| value.split(';'));
    let mut ids = cookies.filter_map(|cookie| {
        let (name, id) = cookie.trim().split_once('=')?;
        (name == COOKIE_NAME).then(|| SessionId::parse(id))?
    });
    ids.next()
}

/// Whether the owner's key or password that has opened the session is still one.
fn is_owner(settings: &Settings, id: &SessionId, session: &Session) -> Result<bool, Error> {
    let proves = |credential: Credential| session.proof.is(&id.proof(&credential));
    let (key, previous) = (settings.api_key()?, settings.api_key_previous()?);
    let keys = [Some(key), previous];
    let login = settings.dashboard_login()?;
    let is_key = keys
        .iter()
        .flatten()
        .any(|key| proves(Credential::OwnerKey(key.expose())));
    let is_login =
        login.is_some_and(|of| proves(Credential::Password(&of.user, of.password.expose())));
    Ok(is_key || is_login)
}

fn device(
    app: &App,
    id: &SessionId,
    session: &Session,
    key: &str,
    now_us: Rev,
) -> Result<Option<Caller>, Error> {
    let key = app.database.with(|store| store.device_key(key, None))?;
    let opened = |key: &DeviceKey| {
        let mut hashes = key.secrets.current(now_us);
        hashes.any(|hash| session.proof.is(&id.proof(&Credential::Device(hash))))
    };
    match key
        .filter(opened)
        .map(|key| person::with_device_key(app, key))
    {
        None => Ok(None),
        Some(Err(error)) if error.refuses_key() => Ok(None),
        Some(caller) => caller.map(Some),
    }
}

/// Opens a session for what somebody has signed in with. Also on a full disk, since whoever is to revoke a key there has to
/// sign in; a key has few sessions.
pub(super) fn open(
    app: &App,
    caller: &Caller,
    credential: &Credential,
    now_us: Rev,
) -> Result<SessionId, Error> {
    let id = SessionId::generate(app.random);
    let proof: Proof = id.proof(credential);
    let key = caller.device_key().map(|key| key.id.as_str());
    app.database.take_away(|store| {
        store.open_session(&id, key, &proof, now_us)?;
        Ok::<_, Error>(id.clone())
    })
}

/// Ends a session, and takes its cookie back.
pub(super) fn end(
    app: &App,
    id: &SessionId,
    response: &mut Response<Vec<u8>>,
) -> Result<(), Error> {
    app.database.take_away(|store| store.end_session(id))?;
    set_cookie(response, "; Max-Age=0", "")
}

/// Ends the session that a browser had, whose cookie is replaced. Nobody could sign out of it any more.
pub(super) fn end_sent(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    match sent_id(headers) {
        Some(id) => Ok(app.database.take_away(|store| store.end_session(&id))?),
        None => Ok(()),
    }
}

/// Gives the browser the cookie of a session. It comes back over HTTPS only, where the form came that way.
pub(super) fn give(
    app: &App,
    headers: &HeaderMap,
    id: &SessionId,
    response: &mut Response<Vec<u8>>,
) -> Result<(), Error> {
    let trusted = app.settings.trusted_proxies()?;
    let is_secure = site::is_https(headers, &trusted) || origin::is_https(headers);
    let secure = if is_secure { "; Secure" } else { "" };
    set_cookie(response, secure, &id.to_string())
}

fn set_cookie(response: &mut Response<Vec<u8>>, attribute: &str, value: &str) -> Result<(), Error> {
    let cookie = format!("{COOKIE_NAME}={value}; Path=/; HttpOnly; SameSite=Strict{attribute}");
    let cookie = HeaderValue::from_str(&cookie).map_err(|error| Error::Internal(error.into()))?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_among_other_cookies() {
        let id = SessionId::generate(|| 7);
        let sent = |value: &str| {
            let headers = HeaderMap::from_iter([(COOKIE, value.parse().unwrap())]);
            sent_id(&headers)
        };
        for value in [
            format!("{COOKIE_NAME}={id}"),
            format!("a=b; {COOKIE_NAME}={id}; c"),
            format!("{COOKIE_NAME}=x; {COOKIE_NAME}={id}"),
        ] {
            assert!(sent(&value) == Some(id.clone()), "{value}");
        }
        for value in [
            "",
            "a=b",
            &format!("{COOKIE_NAME}={id}x"),
            &format!("x{COOKIE_NAME}={id}"),
        ] {
            assert!(sent(value).is_none(), "{value}");
        }
    }
}
