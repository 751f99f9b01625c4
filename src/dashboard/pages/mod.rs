//! A file for each page: what it needs from the store, and what its template shows.

mod connect;
mod projects;
mod sign_in;
mod sign_out;

pub(super) use projects::projects;
pub(super) use sign_in::sign_in;
pub(super) use sign_out::sign_out;
