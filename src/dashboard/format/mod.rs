//! How names, sizes, times and addresses are written in pages.

mod address;
mod name;
mod query;
mod repository;
mod size;
mod time;

pub(super) use address::{
    api_address, api_file_address, api_key_address, download_address, file_address, project_address,
};
pub(super) use name::{Code, MAX_CODE_BYTES, Name, is_hidden, plain};
pub(super) use query::Query;
pub(super) use repository::Repository;
pub(super) use size::{Size, count, grouped};
pub(super) use time::Time;
