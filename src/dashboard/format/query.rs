//! Addresses with a query.

use std::fmt::{self, Display};

use form_urlencoded::Serializer;

/// An address, and the fields of its query; empty ones are left out.
pub struct Query<'a>(pub &'a str, pub &'a [(&'a str, &'a str)]);

impl Display for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.1.iter().filter(|(_, value)| !value.is_empty());
        let query = Serializer::new(String::new()).extend_pairs(fields).finish();
        f.write_str(self.0)?;
        if query.is_empty() {
            Ok(())
        } else {
            write!(f, "?{query}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_field_is_left_out_and_others_are_encoded() {
        let address = |fields| Query("/x", fields).to_string();
        assert_eq!(address(&[("a", ""), ("b", "")]), "/x");
        assert_eq!(address(&[("a", "é &"), ("b", "")]), "/x?a=%C3%A9+%26");
    }
}
