//! The product without a window: sessions that refresh themselves, the requests that they carry, and the timeline of both.
//!
//! Four verbs: [`Engine::sign_in`], [`Engine::send`], [`Engine::refresh`], [`Engine::sign_out`]. Everything that they do
//! is told by one [`timeline`], in numbered events with causes; there is no second status beside it.
//!
//! What it will never know: windows, Tauri, the words on the screen. What it never gives away: a token. They come in
//! through a sign-in or a refresh, live in the [`vault`], and leave as one `Authorization` header for an origin on the
//! session's list.

mod answers;
mod challenge;
mod client;
pub mod clock;
pub mod code;
#[cfg(test)]
mod dying_flight;
pub mod engine;
pub mod error;
pub mod evidence;
pub mod exchange;
pub mod failpoint;
mod family;
pub mod fault;
pub mod import;
mod jose;
mod journal;
mod lock;
#[cfg(test)]
mod long_run;
mod messages;
pub mod notebook;
mod oauth;
#[cfg(test)]
mod odd_input;
pub mod origin;
#[cfg(test)]
mod patient_sign_in;
pub mod preset;
pub mod profile;
pub mod redact;
mod roster;
mod rules;
pub mod second_opinion;
pub mod session;
pub mod timeline;
pub mod token;
mod token_endpoint;
mod variables;
pub mod vault;
pub mod verdict;
pub mod workspace;

pub use engine::Engine;
