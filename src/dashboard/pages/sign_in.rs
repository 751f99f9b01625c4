//! `/dashboard/sign-in`

use askama::Template;
use http::header::HeaderMap;
use http::{Request, Response};
use subtle::ConstantTimeEq;

use crate::addresses::dashboard::HOME;
use crate::api::clock::now_us;
use crate::api::request::parameter;
use crate::api::{App, Caller, Error, person};
use crate::dashboard::done::{Done, Notice};
use crate::dashboard::form::Form;
use crate::dashboard::frame::Frame;
use crate::dashboard::{reply, session, way};
use crate::domain::key::KeyText;
use crate::domain::session::{Credential, SessionId};
use crate::settings::Login;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct Page {
    frame: Frame,
    /// Whether a user name and a password are set.
    has_login: bool,
    /// The client that has tried.
    user: String,
    /// The page that was asked for.
    next: String,
    error: Option<String>,
}

/// Shows the form, or opens a session with the key in it: of the owner, or of a device.
///
/// 303 to the page that was asked for; the form again with 401 and 403 for a key as the API refuses
/// it. A wrong key counts as it does there.
pub fn sign_in(
    app: &App,
    head: &Request<()>,
    form: Option<&Form>,
    common: &mut HeaderMap,
) -> Result<Response<Vec<u8>>, Error> {
    let Some(form) = form else {
        let next = parameter(head, "next").unwrap_or_default();
        return show(app, next, "", Done::asked(head), None);
    };
    match open(app, head.headers(), form, common) {
        Ok(id) => {
            let next = way::page(form.text("next")).unwrap_or(HOME);
            let mut response = reply::see_other(&way::without_notice(next));
            session::end_sent(app, head.headers())?;
            session::give(app, head.headers(), &id, &mut response)?;
            Ok(response)
        }
        Err(error) if error.refuses_key() => {
            let next = form.text("next").to_owned();
            show(app, next, form.text("user"), None, Some(error))
        }
        Err(error) => Err(error),
    }
}

fn show(
    app: &App,
    next: String,
    user: &str,
    notice: Option<Notice>,
    error: Option<Error>,
) -> Result<Response<Vec<u8>>, Error> {
    let mut response = reply::page(&Page {
        frame: Frame {
            notice,
            ..Frame::signed_out("Sign in")
        },
        has_login: app.settings.dashboard_login()?.is_some(),
        user: user.to_owned(),
        next,
        error: error.as_ref().map(|error| sentence(error, user)),
    })?;
    if let Some(error) = error {
        *response.status_mut() = error.status();
    }
    Ok(response)
}

/// What the API says of a missing header means nothing here.
fn sentence(error: &Error, user: &str) -> String {
    match error {
        Error::Unauthenticated => "Enter a key.".to_owned(),
        Error::Forbidden if !user.is_empty() => {
            "The user name or the password is wrong.".to_owned()
        }
        error => error.to_string(),
    }
}

fn open(
    app: &App,
    headers: &HeaderMap,
    form: &Form,
    common: &mut HeaderMap,
) -> Result<SessionId, Error> {
    let (user, secret) = (form.text("user"), form.text("key"));
    if !user.is_empty() {
        let login = app.settings.dashboard_login()?;
        let credential = Credential::Password(user, secret);
        return if login.is_some_and(|login| is_login(&login, user, secret)) {
            session::open(app, &Caller::Owner, &credential, now_us())
        } else {
            Err(person::refuse(app, headers, common))
        };
    }
    let caller = person::with_key(app, headers, secret.as_bytes(), common)?;
    person::count_page(app, headers, &caller, common)?;
    let of_device = KeyText::parse(secret.as_bytes()).and_then(Result::ok);
    let hash = of_device.map(|key| key.hash());
    let credential = match (&caller, &hash) {
        (Caller::Device(_), Some(hash)) => Credential::Device(hash),
        _ => Credential::OwnerKey(secret),
    };
    session::open(app, &caller, &credential, now_us())
}

/// Takes the same time for every wrong pair of the right lengths.
fn is_login(login: &Login, user: &str, password: &str) -> bool {
    let is_user = login.user.as_bytes().ct_eq(user.as_bytes());
    (is_user
        & login
            .password
            .expose()
            .as_bytes()
            .ct_eq(password.as_bytes()))
    .into()
}
