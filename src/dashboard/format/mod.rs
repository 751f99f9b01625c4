//! How names, sizes, times and addresses are written in pages.

mod name;
mod query;
mod repository;
mod size;
mod time;

pub(super) use name::{Name, plain};
pub(super) use query::Query;
pub(super) use repository::Repository;
pub(super) use size::{Size, count};
pub(super) use time::Time;
