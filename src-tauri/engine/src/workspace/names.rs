//! Names that every file system takes, and of which no two are the same to any of them.

use std::collections::HashSet;

/// Characters of one part of a path.
const CHARS_MAX: usize = 64;
/// Bytes of one part of a path, with room for a number and an ending below the 255 that file systems take.
const BYTES_MAX: usize = 180;
/// Folders inside each other below `requests`, with the outermost; deeper ones are joined into one name.
const FOLDERS_MAX: usize = 7;
/// Names that Windows keeps for devices, with or without an ending.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Names that are taken.
#[derive(Default)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    /// Takes a name that is there already.
    pub(crate) fn take(&mut self, name: &str) {
        self.0.insert(name.to_lowercase());
    }

    /// A name like this one that is not taken yet; now it is.
    pub(crate) fn free(&mut self, wanted: &str) -> String {
        self.numbered("", &safe(wanted))
    }

    /// An id below these folders that is not taken yet; now it is. `root` may be empty.
    pub(crate) fn free_below(&mut self, root: &str, folders: &[String], name: &str) -> String {
        let mut prefix = if root.is_empty() {
            String::new()
        } else {
            format!("{root}/")
        };
        let own = FOLDERS_MAX - 2;
        let (plain, deep) = folders.split_at(folders.len().min(own));
        for folder in plain {
            prefix.push_str(&safe(folder));
            prefix.push('/');
        }
        if !deep.is_empty() {
            prefix.push_str(&safe(&deep.join(" - ")));
            prefix.push('/');
        }
        self.numbered(&prefix, &safe(name))
    }

    fn numbered(&mut self, prefix: &str, name: &str) -> String {
        let mut free = format!("{prefix}{name}");
        let mut number = 2;
        while !self.0.insert(free.to_lowercase()) {
            free = format!("{prefix}{name} {number}");
            number += 1;
        }
        free
    }
}

/// A part of a path made of any text.
fn safe(text: &str) -> String {
    let mut name = String::new();
    for char in text.chars() {
        if char.is_alphanumeric() || matches!(char, '-' | '_' | ' ' | '.') {
            name.push(char);
        } else if !name.ends_with('-') {
            name.push('-');
        }
        if name.chars().count() == CHARS_MAX || name.len() > BYTES_MAX {
            break;
        }
    }
    let trimmed = name.trim_matches(['.', ' ', '-']);
    if trimmed.is_empty() {
        return "unnamed".to_owned();
    }
    let stem = trimmed
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_lowercase();
    let numbered = |kind: &str| {
        stem.strip_prefix(kind)
            .is_some_and(|rest| rest.chars().count() == 1 && rest.chars().all(char::is_numeric))
    };
    if DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt") {
        return format!("_{trimmed}");
    }
    trimmed.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_good_for_every_file_system() {
        for (text, expected) in [
            ("List orders", "List orders"),
            ("../../etc/passwd", "etc-passwd"),
            ("..\\..\\win", "win"),
            ("/abs", "abs"),
            ("C:evil", "C-evil"),
            ("a/b?c*d", "a-b-c-d"),
            ("NUL", "_NUL"),
            ("con.txt", "_con.txt"),
            ("COM1", "_COM1"),
            ("lpt9.x", "_lpt9.x"),
            ("trailing. ", "trailing"),
            (".hidden", "hidden"),
            ("", "unnamed"),
            ("\0\n\r", "unnamed"),
            ("日本語", "日本語"),
            ("ünïcode", "ünïcode"),
            ("a\u{202e}b", "a-b"),
        ] {
            assert_eq!(safe(text), expected, "{text:?}");
        }
        let long = safe(&"字".repeat(500));
        assert!(long.len() <= BYTES_MAX + 3 && long.chars().count() <= CHARS_MAX);
    }

    #[test]
    fn names_that_would_be_one_file_are_told_apart() {
        let mut names = Names::default();
        names.take("Shop/list");
        let mut free = |name: &str| names.free_below("Shop", &[], name);
        assert_eq!(free("List"), "Shop/List 2");
        assert_eq!(free("LIST"), "Shop/LIST 3");
        assert_eq!(free("a/b"), "Shop/a-b");
        assert_eq!(free("a:b"), "Shop/a-b 2");
    }

    #[test]
    fn deep_folders_are_joined_where_a_workspace_ends() {
        let folders: Vec<String> = (0..20).map(|depth| format!("f{depth}")).collect();
        let id = Names::default().free_below("Shop", &folders, "x");
        assert_eq!(id.matches('/').count(), FOLDERS_MAX, "{id}");
        assert!(id.ends_with("/x"), "{id}");
    }
}
