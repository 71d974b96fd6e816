//! The demo server over real sockets: what each dialect answers, each switch, and who is turned away.

mod api;
mod faults;
mod guard;
mod json;
mod oauth;
mod program;
mod restart;
mod server;
