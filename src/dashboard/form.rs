//! What a form of a page sends.

use crate::api::{Body, Error};
use crate::domain::Rev;

/// Bytes of a form at most; none of ours is near it.
const MAX_BYTES: usize = 64 << 10;

/// The fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads it: 413 for one that is too large.
    pub(super) fn read(body: impl Body) -> Result<Self, Error> {
        Ok(Self::parse(&body.read(0, MAX_BYTES)?))
    }

    fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// The first value of a field, without blanks around it; empty when there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.exact(name).trim()
    }

    /// The first value of a field as it was sent.
    pub(super) fn exact(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.0.iter().filter(move |(field, _)| field == name);
        fields.map(|(_, value)| value.as_str())
    }
}

/// A time of a hidden field, which has microseconds, as the API takes it.
pub(super) fn millis(field: &str) -> f64 {
    field.parse::<Rev>().unwrap_or(0) as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_its_first_value_without_blanks_around_it() {
        let form = Form::parse(b"key=+a%20b%0A&key=c&empty=&%ff=x");
        assert_eq!(form.text("key"), "a b");
        assert_eq!(form.text("empty"), "");
        assert_eq!(form.text("none"), "");
        assert_eq!(form.exact("key"), " a b\n");
        assert_eq!(form.all("key").collect::<Vec<_>>(), [" a b\n", "c"]);
    }
}
