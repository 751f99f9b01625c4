//! A request of somebody who has signed in.

use http::{Method, Request, Response};
use serde::Serialize;

use super::done::Done;
use super::form::Form;
use super::frame::{Frame, Link, Visitor};
use super::session::{self, SignedIn};
use crate::addresses::dashboard::{ACTIVITY, DEVICES, HOME, SERVER};
use crate::api::routes::Route as ApiRoute;
use crate::api::{App, Caller, Error, person, request};
use crate::domain::ProjectId;
use crate::domain::key::{Grant, Scope};
use crate::domain::session::SessionId;
use crate::wire::json;

/// How the history names what is changed here.
const DEVICE: &str = "dashboard";

/// A request of somebody who has signed in.
pub(super) struct Visit<'a> {
    pub(super) app: &'a App,
    pub(super) head: &'a Request<()>,
    pub(super) caller: Caller,
    id: SessionId,
}

impl<'a> Visit<'a> {
    pub(super) fn new(app: &'a App, head: &'a Request<()>, session: SignedIn) -> Self {
        Self {
            app,
            head,
            caller: session.caller,
            id: session.id,
        }
    }

    /// 400 unless the form has the token of this session.
    pub(super) fn require_token(&self, form: &Form) -> Result<(), Error> {
        let sentence =
            "This form is of an older session: go back, load the page again and send it.";
        if self.id.accepts(form.text("token")) {
            Ok(())
        } else {
            Err(Error::BadRequest(sentence.to_owned()))
        }
    }

    /// What the key may do.
    pub(super) fn grant(&self) -> Result<&Grant, Error> {
        self.caller.grant().ok_or(Error::Unauthenticated)
    }

    /// Whether the key has a scope.
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.caller.require(scope).is_ok()
    }

    /// 403 unless the key opens a project, whether that exists or not.
    pub(super) fn require_project(&self, id: &ProjectId) -> Result<(), Error> {
        self.caller.require_project(id)
    }

    /// A parameter of the address.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        request::parameter(self.head, name)
    }

    /// The frame of a page with this title.
    pub(super) fn frame(&self, title: &str) -> Frame {
        Frame {
            notice: Done::asked(self.head),
            ..Frame::new(title, Some(self.visitor()))
        }
    }

    fn visitor(&self) -> Visitor {
        let key = self.caller.device_key();
        Visitor {
            name: key.map_or("Owner".to_owned(), |key| super::format::plain(&key.name)),
            token: self.id.token(),
            links: self.links(),
        }
    }

    fn links(&self) -> Vec<Link> {
        let path = self.head.uri().path();
        let link = |name, address, below: &str| Link {
            name,
            address,
            is_current: path == address || path.starts_with(below),
        };
        let mut links = vec![
            link("Projects", HOME, "/dashboard/projects/"),
            link("Activity", ACTIVITY, ACTIVITY),
        ];
        if self.may(Scope::Manage) {
            links.push(link("Devices", DEVICES, "/dashboard/devices/"));
        }
        links.push(link("Server", SERVER, SERVER));
        links
    }

    /// Asks the API what a program with the same key would ask at this address.
    pub(super) fn ask(
        &self,
        method: Method,
        address: &str,
        body: &impl Serialize,
    ) -> Result<Response<Vec<u8>>, Error> {
        let head = Request::builder().method(method).uri(address);
        let head = head.header("x-device", DEVICE).body(());
        let head = head.map_err(|error| Error::Internal(error.into()))?;
        let found = ApiRoute::find(head.method(), head.uri().path())?;
        person::perform(self.app, &head, &self.caller, found, json::to_vec(body))
    }

    /// Ends the session.
    pub(super) fn end(&self, response: &mut Response<Vec<u8>>) -> Result<(), Error> {
        session::end(self.app, self.head.headers(), &self.id, response)
    }
}
