//! A file for each request: parse, check, store, answer.

mod delete;
pub mod diff;
mod feed;
mod file;
mod health;
mod history;
mod info;
mod keys;
mod manifest;
pub mod openapi;
mod portability;
mod projects;
mod pull;
mod purge;
pub mod push;
pub mod restore;
mod root;
mod status;

pub(super) use delete::delete;
pub(super) use diff::diff;
pub(super) use feed::changes;
pub(super) use file::file;
pub(super) use health::health;
pub(super) use history::history;
pub(super) use info::info;
pub(super) use keys::{keys, new_key, own_key, revoke_key, rotate_key};
pub(super) use manifest::manifest;
pub(super) use openapi::openapi;
pub(super) use portability::portability;
pub(super) use projects::projects;
pub(super) use pull::{continues_pull, files};
pub(super) use purge::purge;
pub(super) use push::push;
pub(super) use restore::restore;
pub(super) use root::root;
pub(super) use status::status;
