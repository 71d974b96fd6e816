//! What the engine promises, tried over real sockets against the demo server.

mod bad_input;
mod bodies;
mod faults;
mod lifecycle;
mod recorder;
mod refresh;
mod secrets;
mod sign_in;
mod storm;
mod vault;
