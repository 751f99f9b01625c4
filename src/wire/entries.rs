//! Lists of a request, with a limit on their entries. A short body, compressed, has room for many
//! millions, which take a hundred times as much memory once they are read.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Entries in a list.
const MAX: usize = 1_000_000;

/// Reads a list with at most [`MAX`] entries.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    List::<T>::deserialize(deserializer).map(|List(entries)| entries)
}

/// Reads such a list, or null.
pub(super) fn optional<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let list = Option::<List<T>>::deserialize(deserializer)?;
    Ok(list.map(|List(entries)| entries))
}

struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Entries(PhantomData))
    }
}

struct Entries<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<List<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = sequence.next_element()? {
            if entries.len() == MAX {
                let rule = format!("must have at most {MAX} entries");
                return Err(A::Error::custom(rule));
            }
            entries.push(entry);
        }
        Ok(List(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::super::push::PushRequest;
    use super::*;

    #[test]
    fn a_list_has_a_limit_and_the_rest_of_the_body_is_not_read() {
        let body = |entries: usize| {
            let names = vec!["\"a\""; entries].join(",");
            format!("{{\"files\":[],\"deletions\":[{names}]}}")
        };
        let full = body(MAX);
        let push = PushRequest::parse(full.as_bytes()).unwrap();
        assert_eq!(push.deletions.map(|deletions| deletions.len()), Some(MAX));
        let broken = body(MAX + 1).replace("]}", ",???");
        let error = PushRequest::parse(broken.as_bytes()).unwrap_err();
        let expected = "deletions: must have at most 1000000 entries";
        assert!(error.to_string().starts_with(expected), "{error}");
    }
}
