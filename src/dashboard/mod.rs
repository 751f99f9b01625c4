//! Pages for people.

pub mod markdown;
