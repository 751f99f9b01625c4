//! What the address of a file asks for.

use crate::api::Error;
use crate::dashboard::visit::Visit;
use crate::domain::Rev;

/// What the address asks for.
pub(super) struct Asked {
    /// The version to show; the newest without one.
    pub(super) rev: Option<Rev>,
    /// The older one of two to compare.
    pub(super) old: Option<Rev>,
    /// The versions before this one.
    pub(super) before: Rev,
    pub(super) is_raw: bool,
    /// Whether other than two versions are marked to be compared.
    pub(super) is_unclear: bool,
}

impl Asked {
    pub(super) fn of(visit: &Visit) -> Result<Self, Error> {
        let query = visit.head.uri().query().unwrap_or_default();
        let fields = form_urlencoded::parse(query.as_bytes());
        let marked = fields
            .filter(|(name, _)| name == "rev")
            .map(|(_, rev)| revision(&rev));
        let mut marked = marked.collect::<Result<Vec<_>, _>>()?;
        let is_unclear = visit.parameter("compare").is_some() && marked.len() != 2;
        if is_unclear {
            marked.clear();
        }
        let (rev, old) = (marked.iter().max().copied(), marked.iter().min().copied());
        let before = visit.parameter("before").map(|rev| revision(&rev));
        Ok(Self {
            old: old.filter(|_| marked.len() > 1),
            rev,
            before: before.transpose()?.unwrap_or(Rev::MAX),
            is_unclear,
            is_raw: visit.parameter("view").as_deref() == Some("raw"),
        })
    }
}

/// The rev of a version in an address or a form.
fn revision(text: &str) -> Result<Rev, Error> {
    let rule = "A version is named by its number, such as 1795661305123456.";
    text.parse().map_err(|_| Error::BadRequest(rule.to_owned()))
}
