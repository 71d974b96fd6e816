//! The TypeScript twins in `ui/src/wire` are what Rust exports today.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::repository;

/// Where the twins are committed.
const FOLDER: &str = "ui/src/wire";
/// Set this to write the folder anew instead of comparing it.
const WRITE: &str = "SANDGLASS_WRITE_WIRE";

/// The files below a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("the folder of the wire types") {
            let path = entry.expect("a folder entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .expect("it is below the folder")
                    .to_string_lossy()
                    .into_owned();
                found.insert(name, fs::read_to_string(&path).expect("a text file"));
            }
        }
    }
    found
}

#[test]
fn the_wire_types_are_those_of_rust() {
    let fresh = tempfile::tempdir().expect("a folder");
    sandglass_shell::commands::export_types(fresh.path()).expect("the types are exported");
    let fresh = files(fresh.path());
    let folder = repository::path(FOLDER);
    if std::env::var_os(WRITE).is_some() {
        fs::create_dir_all(&folder).expect("the folder");
        for name in files(&folder)
            .into_keys()
            .filter(|name| !fresh.contains_key(name))
        {
            fs::remove_file(folder.join(name)).expect("a twin without an original goes");
        }
        for (name, text) in &fresh {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("the folder");
            fs::write(file, text).expect("a twin is written");
        }
    }
    let committed = files(&folder);
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names(&committed),
        names(&fresh),
        "run this test with {WRITE}=1 to write {FOLDER} anew"
    );
    for (name, text) in &fresh {
        assert_eq!(
            &committed[name], text,
            "{name}: run this test with {WRITE}=1 to write {FOLDER} anew"
        );
    }
}

/// Fields that hold a secret, by name.
const SECRETS: [&str; 5] = [
    "password",
    "refresh_token",
    "client_secret",
    "client_key",
    "client_certificate",
];

#[test]
fn large_numbers_are_numbers_and_secrets_only_go_in() {
    let fresh = tempfile::tempdir().expect("a folder");
    sandglass_shell::commands::export_types(fresh.path()).expect("the types are exported");
    for (name, text) in files(fresh.path()) {
        assert!(!text.contains("bigint"), "{name}: JSON has no bigint");
        let holds_secrets = SECRETS.iter().any(|secret| {
            text.contains(&format!("{secret}: string"))
                || text.contains(&format!("{secret}?: string"))
        });
        assert_eq!(
            holds_secrets,
            ["ClientSecrets.ts", "Credentials.ts"].contains(&name.as_str()),
            "{name}: secrets go in as credentials, and nowhere else"
        );
    }
}
