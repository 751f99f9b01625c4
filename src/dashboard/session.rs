//! Who has signed in.

use http::HeaderMap;
use http::Response;

use super::{cookie, origin};
use crate::api::{App, Caller, Error, person, site};
use crate::domain::Rev;
use crate::domain::session::{Credential, Proof, SessionId};
use crate::settings::Settings;
use crate::store::{DeviceKey, Session};

/// The address of the form.
pub(super) const SIGN_IN: &str = "/dashboard/sign-in";

/// A session of somebody whose key still opens it.
pub(super) struct SignedIn {
    /// Its id.
    pub(super) id: SessionId,
    /// What it may do.
    pub(super) caller: Caller,
}

/// The session of a request; none without one, and when it is over, or its key opens nothing any more.
pub(super) fn find(app: &App, headers: &HeaderMap, now_us: Rev) -> Result<Option<SignedIn>, Error> {
    let sent = cookie::sent(headers).into_iter();
    let mut found = sent.filter_map(|sent| find_one(app, sent.id, now_us).transpose());
    found.next().transpose()
}

fn find_one(app: &App, id: SessionId, now_us: Rev) -> Result<Option<SignedIn>, Error> {
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
    headers: &HeaderMap,
    id: &SessionId,
    response: &mut Response<Vec<u8>>,
) -> Result<(), Error> {
    app.database.take_away(|store| store.end_session(id))?;
    cookie::take_back(headers, response.headers_mut())
}

/// Ends the sessions that a browser had, whose cookie is replaced. Nobody could sign out of them any more.
pub(super) fn end_sent(app: &App, headers: &HeaderMap) -> Result<(), Error> {
    let mut own = cookie::sent(headers)
        .into_iter()
        .filter(cookie::Sent::is_own);
    own.try_for_each(|sent| {
        let end = app.database.take_away(|store| store.end_session(&sent.id));
        end.map_err(Error::from)
    })
}

/// Gives the browser the cookie of a session. It comes back over HTTPS only, where the form came that way.
pub(super) fn give(
    app: &App,
    headers: &HeaderMap,
    id: &SessionId,
    response: &mut Response<Vec<u8>>,
) -> Result<(), Error> {
    let trusted = app.settings.trusted_proxies()?;
    let is_https = site::is_https(headers, &trusted) || origin::is_https(headers);
    cookie::give(headers, response.headers_mut(), id, is_https)
}
