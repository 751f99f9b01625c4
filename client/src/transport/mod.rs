//! The way to the server: requests with the key and their answers, tries and pauses, and news of
//! changes. Nothing here knows files or folders.

mod account;
mod address;
mod agent;
mod answer;
mod backoff;
mod body;
mod events;
mod follow;
mod offline;
mod position;
mod project;
mod proxy;
mod rate;
mod received;
mod server;
mod wire;

pub use account::{Listed, OwnKey};
pub use address::{Address, BadAddress, encode};
pub use backoff::Backoff;
pub use follow::follow;
pub use position::Position;
pub use project::Project;
pub use server::Server;
