//! The engine and identity providers that others wrote: first what a refresh by hand shows, then the engine through expiries.

mod browser;
mod by_hand;
mod client;
mod django;
mod expiries;
#[cfg(target_os = "linux")]
mod headless;
mod provider;
mod proving;
