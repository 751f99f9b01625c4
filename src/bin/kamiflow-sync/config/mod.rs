//! Configuration: everything that flags, environment variables, `.env`, `spin.toml` and
//! `runtime-config.toml` say, read and checked before the server starts.
//!
//! [`startup`] brings it together for `up`, and the operator's commands read the same files.
//! This module opens no database, no socket and no WebAssembly. It imports no other top-level module, only the
//! flags in `cli`.

pub mod api_key;
pub mod bad_setting;
mod dotenv;
pub mod environment;
mod key_file;
pub mod manifest;
mod names;
pub mod runtime_config;
pub mod settings;
pub mod startup;
mod toml_file;
mod value_files;
pub mod variables;
pub mod volume;
