//! Stories: what a person sees who opens the real window.

#![cfg(target_os = "linux")]

mod broken_files;
mod browser;
mod clipboard;
mod crowd;
mod editor;
mod first_start;
mod guided;
mod keychain_trouble;
mod lab;
mod locked_in;
mod mistakes;
mod newcomer;
mod racing;
mod restart;
mod saving;
mod settings;
mod soak;
mod stolen;
mod storm;
mod story;
mod survival;
mod watch;
