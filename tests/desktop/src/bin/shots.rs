//! Saves the main screens, in light and dark, to `target/shots`.
fn main() {}
