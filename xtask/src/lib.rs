//! What the commands and the desktop tests share: where the repository is, how to start programs in it, and the
//! desk, a place for the app to run where there is no display.

#[cfg(target_os = "linux")]
pub mod desk;
pub mod root;
#[cfg(target_os = "linux")]
pub mod running;
#[cfg(target_os = "linux")]
pub mod scratch;
pub mod tool;
