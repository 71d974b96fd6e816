//! The engine and a certified OpenID provider: first what a refresh by hand shows, then the engine through three expiries.

mod browser;
mod by_hand;
mod client;
mod expiries;
#[cfg(target_os = "linux")]
mod headless;
mod provider;
mod proving;
