//! The pages for people.
//!
//! [`answer()`] has the order of checks, [`page_routes`](crate::addresses::dashboard) every address, `pages` a file for each page,
//! `templates` their HTML, which is compiled, and `assets` the one stylesheet and the one script. A page reads from the
//! store; what it changes, it changes through [`api::person::perform`](crate::api::person::perform), so by the rules of the API.
//! Every page works without JavaScript.

mod answer;
mod arrival;
mod assets;
#[cfg(test)]
mod contrast_tests;
mod cookie;
pub mod difference;
mod done;
mod error_page;
mod form;
mod format;
mod frame;
mod headers;
pub mod markdown;
mod origin;
mod pages;
mod reply;
mod session;
mod tar;
mod visit;
mod way;

pub use answer::answer;
