//! What the engine promises, tried over real sockets against the demo server.

mod bad_input;
mod bodies;
mod browser_sign_in;
#[cfg(target_os = "linux")]
mod cleartext;
mod client_credentials;
mod code;
mod connections;
mod cookies;
#[cfg(target_os = "linux")]
mod crashes;
mod device_sign_in;
mod discovery;
mod dpop;
mod editing;
mod environments;
mod every_call;
mod evidence;
mod family;
mod fault_lab;
mod faults;
mod habits;
mod id_token;
mod lifecycle;
mod messages;
#[cfg(target_os = "linux")]
mod processes;
mod questions;
mod reading;
mod recorder;
mod redirects;
mod refresh;
mod resource_metadata;
mod revocation;
mod second_opinion;
mod secrets;
mod sign_in;
mod stories;
mod storm;
mod streams;
mod time;
mod vault;
mod verdicts;
