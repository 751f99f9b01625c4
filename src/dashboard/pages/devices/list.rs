//! `GET /dashboard/devices`

use std::collections::HashMap;

use askama::Template;
use http::{Method, Response};
use serde::Deserialize;

use super::form::NewDevice;
use crate::addresses::dashboard::DEVICES;
use crate::api::Error;
use crate::dashboard::format::{Name, Query, Time, count};
use crate::dashboard::frame::Frame;
use crate::dashboard::reply;
use crate::dashboard::visit::Visit;
use crate::domain::Rev;
use crate::store::{DeviceLag, MAX_BEHIND};

/// Devices of a page.
const SHOWN: usize = 50;
/// Projects of a device that its row names.
const NAMED: usize = 5;

#[derive(Template)]
#[template(path = "devices.html")]
struct Page {
    frame: Frame,
    devices: Vec<Row>,
    next: Option<String>,
    is_continued: bool,
    form: NewDevice,
}

struct Row {
    name: Name,
    id: String,
    scope: String,
    /// The projects that it opens; none for all.
    projects: Option<Vec<Name>>,
    created: Time,
    used: Option<Time>,
    expires: Option<Time>,
    lags: Vec<Lag>,
    /// When its secret was made, in microseconds since 1970.
    secret_at: Rev,
}

struct Lag {
    project: Name,
    /// None when it has everything.
    behind: Option<String>,
}

/// The answer of the API, as far as it is shown.
#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

/// Times are in milliseconds.
#[derive(Deserialize)]
struct Key {
    id: String,
    name: String,
    scope: String,
    projects: Option<Vec<String>>,
    created_at: f64,
    last_used_at: Option<f64>,
    expires_at: Option<f64>,
}

/// Lists the keys that this one manages, the newest first, with a form that makes another.
pub fn devices(visit: &Visit) -> Result<Response<Vec<u8>>, Error> {
    list(visit, NewDevice::empty(visit)?)
}

/// The list with a form that is filled in.
pub fn list(visit: &Visit, form: NewDevice) -> Result<Response<Vec<u8>>, Error> {
    let answer = visit.ask(Method::GET, "/v1/keys", &())?;
    let listed = serde_json::from_slice(answer.body());
    let Keys { keys } = listed.map_err(|error| Error::Internal(error.into()))?;
    let from = visit.parameter("from").and_then(|from| from.parse().ok());
    let from: usize = from.unwrap_or(0);
    let next = (keys.len() > from.saturating_add(SHOWN)).then(|| (from + SHOWN).to_string());
    let keys: Vec<Key> = keys.into_iter().skip(from).take(SHOWN).collect();
    let ids: Vec<String> = keys.iter().map(|key| key.id.clone()).collect();
    let (lags, stored) = visit.app.database.read(|store| {
        let lags = store.device_lags(&ids)?;
        Ok::<_, Error>((lags, store.device_keys()?))
    })?;
    let secret_at: HashMap<_, _> = stored.iter().map(|key| (&*key.id, key.secret_at)).collect();
    reply::page(&Page {
        frame: visit.frame("Devices"),
        devices: keys
            .into_iter()
            .map(|key| row(key, &lags, &secret_at))
            .collect(),
        next: next.map(|from| Query(DEVICES, &[("from", &from)]).to_string()),
        is_continued: from > 0,
        form,
    })
}

fn row(key: Key, lags: &[DeviceLag], secret_at: &HashMap<&str, Rev>) -> Row {
    let lags = lags.iter().filter(|lag| lag.key == key.id);
    Row {
        name: Name::new(key.name),
        scope: key.scope,
        projects: key.projects.map(names),
        created: time(key.created_at),
        used: key.last_used_at.map(time),
        expires: key.expires_at.map(time),
        lags: lags.take(NAMED).map(lag).collect(),
        secret_at: secret_at.get(&*key.id).copied().unwrap_or_default(),
        id: key.id,
    }
}

fn time(millis: f64) -> Time {
    Time((millis * 1000.0) as i64)
}

/// A key may open 1,000 projects.
fn names(projects: Vec<String>) -> Vec<Name> {
    let more = projects.len().saturating_sub(NAMED) as u64;
    let more = (more > 0).then(|| count(more, "more project"));
    let named = projects.into_iter().take(NAMED);
    named.chain(more).map(Name::new).collect()
}

fn lag(lag: &DeviceLag) -> Lag {
    let behind = match lag.behind {
        0 => None,
        MAX_BEHIND => Some(format!("{MAX_BEHIND} or more changes behind")),
        behind => Some(format!("{} behind", count(behind, "change"))),
    };
    Lag {
        project: Name::new(&*lag.project),
        behind,
    }
}
