//! A file for each page: what it needs from the store, and what its template shows.

mod activity;
mod connect;
mod devices;
mod file;
mod parts;
mod position;
mod project;
mod projects;
mod server;
mod sign_in;
mod sign_out;

pub(super) use activity::{activity, events};
pub(super) use devices::{add_device, devices, revoke_device, rotate_device};
pub(super) use file::{download_file, file};
pub(super) use project::{
    ask_to_delete, delete, deleted, download, files, parts, preview, replaced, restore,
    restore_version,
};
pub(super) use projects::projects;
pub(super) use server::server;
pub(super) use sign_in::sign_in;
pub(super) use sign_out::sign_out;
