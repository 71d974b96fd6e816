//! A real sign-in server and a protected API on loopback, which can be told to misbehave.
//!
//! The app starts one beside its window so that a newcomer sees a token expire without configuring anything, and the tests
//! start one each. It speaks three dialects of refreshing (plain JSON, cookies and RFC 6749), rotates refresh tokens, and takes a spent
//! refresh token for theft, as careful servers do. Every switch in [`Faults`] makes one way of failing repeatable.
//!
//! It is no place for real users: one known user, known client secrets, loopback only.
//!
//! ```text
//! accept -> guard (Host, Origin) -> pace (delay) -> misbehave (Faults) -> json | cookie | oauth | api -> Families
//!                                \-> control (/_demo/…)
//! ```

mod access_token;
mod answer;
mod api;
mod body;
mod clients;
mod connection;
mod control;
mod cookie;
mod counts;
mod events;
mod families;
mod faults;
mod grants;
mod guard;
mod json;
mod key;
mod listener;
mod misbehave;
mod oauth;
mod orders;
mod refresh_token;
mod server;
mod settings;
mod state_file;
mod token_id;
mod workspace;

pub use clients::{
    BASIC_CLIENT, BASIC_SECRET, DEMO_PASSWORD, DEMO_USER, ODD_CLIENT, ODD_SECRET, PUBLIC_CLIENT,
};
pub use control::Theft;
pub use counts::Counts;
pub use faults::{Act, Fault, Faults, FaultsByPlace, Malformed, Place};
pub use server::{Demo, StartError};
pub use settings::{NO_DELAY, Reuse, Settings};
pub use workspace::{WorkspaceError, write_workspace};
