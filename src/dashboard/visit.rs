//! A request of somebody who has signed in.

use http::{Request, Response};

use super::form::Form;
use super::frame::{Frame, Link, Visitor};
use super::routes::HOME;
use super::session::{self, SignedIn};
use crate::api::{App, Caller, Error, request};
use crate::domain::key::Grant;
use crate::domain::session::SessionId;

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
        match self.id.accepts(form.text("token")) {
            true => Ok(()),
            false => Err(Error::BadRequest(sentence.to_owned())),
        }
    }

    /// What the key may do.
    pub(super) fn grant(&self) -> Result<&Grant, Error> {
        self.caller.grant().ok_or(Error::Unauthenticated)
    }

    /// A parameter of the address.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        request::parameter(self.head, name)
    }

    /// The frame of a page with this title.
    pub(super) fn frame(&self, title: &str) -> Frame {
        Frame::new(title, Some(self.visitor()))
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
        vec![link("Projects", HOME, "/dashboard/projects/")]
    }

    /// Ends the session.
    pub(super) fn end(&self, response: &mut Response<Vec<u8>>) -> Result<(), Error> {
        session::end(self.app, &self.id, response)
    }
}
