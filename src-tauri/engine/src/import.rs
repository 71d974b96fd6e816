//! What other tools have written down, read as a draft: shown before it is used, never run, nothing fetched.

pub mod curl;
