//! Tells Tauri which commands there are, so that the window needs a permission for each of them too.

macro_rules! commands {
    ($($(#[$doc:meta])* $group:ident::$name:ident($args:ty) -> $answer:ty;)*) => {
        /// The names of all commands.
        const COMMANDS: &[&str] = &[$(stringify!($name)),*];
    };
}

include!("src/commands/list.rs");

fn main() {
    println!("cargo::rerun-if-changed=src/commands/list.rs");
    let manifest = tauri_build::AppManifest::new().commands(COMMANDS);
    tauri_build::try_build(tauri_build::Attributes::new().app_manifest(manifest))
        .expect("tauri.conf.json and the capability are valid");
}
