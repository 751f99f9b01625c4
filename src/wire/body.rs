//! Reads a JSON body, and says what is wrong with it.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::excerpt::excerpt;

/// A body that is not what the request asks for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is not JSON at all.
    #[error("The request body is not valid JSON: {0}.")]
    NotJson(String),
    /// A field is missing or wrong; the text begins with its JSON path, such as `files[3].checksum`.
    #[error("{0}")]
    BadField(String),
}

/// Reads a body that is a JSON object.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, BodyError> {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let mut json = serde_json::Deserializer::from_slice(body);
    let Object(value) = serde_path_to_error::deserialize(&mut json).map_err(explain)?;
    json.end()
        .map_err(|error| BodyError::NotJson(error.to_string()))?;
    Ok(value)
}

fn explain(error: serde_path_to_error::Error<serde_json::Error>) -> BodyError {
    let reason = excerpt(&error.inner().to_string());
    if !error.inner().is_data() {
        return BodyError::NotJson(reason);
    }
    let missing = reason
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next());
    let path = match (error.path().to_string().as_str(), missing) {
        (".", None) => "body".to_owned(),
        (".", Some(field)) => field.to_owned(),
        (path, None) => path.to_owned(),
        (path, Some(field)) => format!("{path}.{field}"),
    };
    BodyError::BadField(format!("{}: {reason}.", excerpt(&path)))
}

/// A struct that is read from an object only; by itself serde takes an array of its fields too.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, fields: M) -> Result<T, M::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
    }
}
