//! The program without a window, as scripts run it: its verbs, its exit codes, what it does to bad input and to signals.

#![cfg(target_os = "linux")]

mod bad_input;
mod documented;
mod program;
mod sharing;
mod signals;
mod terminal;
mod token;
mod verbs;
