//! Pages for people.

pub mod difference;
pub mod markdown;
