//! Configuration: what flags, environment, `.env`, `spin.toml` and `runtime-config.toml` say.

pub mod api_key;
pub mod bad_setting;
pub mod environment;
mod key_file;
pub mod manifest;
pub mod runtime_config;
pub mod settings;
pub mod startup;
pub mod variables;
pub mod volume;
