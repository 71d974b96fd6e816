//! What the commands and the desktop tests share: where the repository is, and how to start programs in it.

pub mod root;
pub mod tool;
