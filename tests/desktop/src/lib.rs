//! The real window, driven as a person would: a desk to run at, the window's own WebDriver, and independent witnesses.

#![cfg(target_os = "linux")]

pub mod browser;
pub mod clipboard;
pub mod dialog;
pub mod leaks;
pub mod programs;
pub mod provider;
pub mod server;
pub mod window;
pub mod witness;
