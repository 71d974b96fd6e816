//! Tells Tauri which commands there are, so that the window needs a permission for each of them too.

#[cfg(feature = "window")]
macro_rules! commands {
    ($($(#[$doc:meta])* $group:ident::$name:ident($args:ty) -> $answer:ty;)*) => {
        /// The names of all commands.
        const COMMANDS: &[&str] = &[$(stringify!($name)),*];
    };
}

#[cfg(feature = "window")]
include!("src/commands/list.rs");

#[cfg(feature = "window")]
fn main() {
    println!("cargo::rerun-if-changed=src/commands/list.rs");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("tauri.conf.json and the capability are valid");
}

/// Without a window there are no commands.
#[cfg(not(feature = "window"))]
fn main() {}
