//! What surrounds every page: its title, the way to the others, and who has signed in.

use super::assets;
use super::done::Notice;
use super::format::plain;

/// What surrounds a page.
pub(super) struct Frame {
    /// Plain text for the title of the window.
    pub(super) title: String,
    /// The person who has signed in.
    pub(super) visitor: Option<Visitor>,
    /// What has just been done, or why it was not.
    pub(super) notice: Option<Notice>,
}

/// Somebody who has signed in.
pub(super) struct Visitor {
    /// The name of the key, as plain text.
    pub(super) name: String,
    /// Goes with every form.
    pub(super) token: String,
    /// The pages that it may see.
    pub(super) links: Vec<Link>,
}

/// A page in the list of pages.
pub(super) struct Link {
    pub(super) name: &'static str,
    pub(super) address: &'static str,
    /// Whether it is this page, or one below it.
    pub(super) is_current: bool,
}

impl Frame {
    /// The frame of a page without a session.
    pub(super) fn signed_out(title: &str) -> Self {
        Self::new(title, None)
    }

    pub(super) fn new(title: &str, visitor: Option<Visitor>) -> Self {
        Self {
            title: plain(title),
            visitor,
            notice: None,
        }
    }

    /// The hidden field of a form; empty without a session.
    pub(super) fn token(&self) -> &str {
        let visitor = self.visitor.as_ref();
        visitor.map_or("", |visitor| &visitor.token)
    }

    pub(super) fn style(&self) -> String {
        assets::STYLE.address()
    }

    pub(super) fn script(&self) -> String {
        assets::SCRIPT.address()
    }

    pub(super) fn icon(&self) -> String {
        assets::ICON.address()
    }
}
