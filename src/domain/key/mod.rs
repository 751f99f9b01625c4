//! Keys of devices: what they look like, and what each may do.

mod grant;
mod id;
mod name;
mod projects;
mod scope;
mod secret;
mod text;

pub use grant::Grant;
pub use id::KeyId;
pub use name::KeyName;
pub use projects::Projects;
pub use scope::Scope;
pub use secret::{SecretHash, Secrets};
pub use text::{KeyText, MalformedKey};
