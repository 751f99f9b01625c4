//! JSON whose objects keep the order of their keys, so that a file that people wrote stays as they
//! wrote it. The feature `preserve_order` of `serde_json` does that too, but where both packages are built together, it
//! would reorder the answers of the server.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// An object, with its keys in order.
    Object(Vec<(String, Json)>),
    /// A list.
    List(Vec<Json>),
    /// Anything else.
    Plain(Value),
}

impl Json {
    /// Sets a key of an object; a new one comes last. Anything else becomes an object.
    pub fn set(&mut self, key: &str, value: Json) {
        *self.at(key) = value;
    }

    /// The value of a key, which is made when it is not there.
    pub fn at(&mut self, key: &str) -> &mut Json {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        let Self::Object(entries) = self else {
            unreachable!("made an object above")
        };
        let known = entries.iter().position(|(known, _)| known == key);
        let index = known.unwrap_or_else(|| {
            entries.push((key.to_owned(), Self::Plain(Value::Null)));
            entries.len() - 1
        });
        &mut entries[index].1
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Self::List(values) => values.serialize(serializer),
            Self::Plain(value) => value.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Json, M::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Json::Object(entries))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Plain(Value::Null))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Plain(value.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_comes_back_as_it_was() {
        let text = r#"{
  "z": [
    1,
    -2.5,
    null,
    "é"
  ],
  "a": {
    "y": true,
    "b": {}
  }
}"#;
        let json: Json = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string_pretty(&json).unwrap(), text);
    }

    #[test]
    fn keys_are_set_where_they_are_and_else_at_the_end() {
        let mut json: Json = serde_json::from_str(r#"{"z":1,"sync":{"b":1,"a":2}}"#).unwrap();
        json.at("sync").set("b", Json::Plain(3.into()));
        json.at("sync").set("c", Json::Plain(4.into()));
        json.at("new").set("d", Json::Plain(true.into()));
        let expected = r#"{"z":1,"sync":{"b":3,"a":2,"c":4},"new":{"d":true}}"#;
        assert_eq!(serde_json::to_string(&json).unwrap(), expected);
    }
}
