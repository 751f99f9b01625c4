//! What is wrong with the form that makes a key, in the words of the page.

use crate::api::Error;

/// What is wrong, and with which field.
pub struct Problem {
    /// The name of the field; empty when it is none alone.
    field: &'static str,
    pub sentence: String,
}

/// How the API begins what it says of a field, the field of the form, and what the page says.
const FIELDS: [(&str, &str, &str); 4] = [
    (
        "name",
        "name",
        "Give the device a name of 1 to 100 characters, in one line.",
    ),
    ("scope", "scope", "Choose what the device may do."),
    (
        "projects",
        "projects",
        "Choose the projects that the key opens, or all projects.",
    ),
    (
        "expires_at",
        "expires",
        "Choose today or a later day, or leave the field empty.",
    ),
];

impl Problem {
    /// Of what the API has refused.
    pub fn of(error: &Error) -> Self {
        let text = error.to_string();
        let named = |(field, ..): &&(&str, _, _)| {
            let rest = text.strip_prefix(field);
            rest.is_some_and(|rest| rest.starts_with([':', '[']))
        };
        match FIELDS.iter().find(named) {
            Some((_, field, sentence)) => Self {
                field,
                sentence: (*sentence).to_owned(),
            },
            None => Self {
                field: "",
                sentence: text,
            },
        }
    }

    /// Of a form that was sent again after it had made a key.
    pub fn made_already() -> Self {
        let sentence = "A key with this name was made already from the same form, and is not shown again. Press again to make another one.";
        Self {
            field: "",
            sentence: sentence.to_owned(),
        }
    }

    /// Whether it is about this field.
    pub fn is_of(&self, field: &str) -> bool {
        self.field == field
    }
}
