//! What a workspace's files look like from outside, so that what others write there is noticed without reading it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::time::Duration;

use super::folder::{Depth, files};

/// How often a folder that is open is looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(1_500);

/// The names, lengths and times of a workspace's files, as one number. Zero: nothing was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp(u64);

impl Stamp {
    /// Looks at a folder. A file that cannot be looked at counts by its name.
    pub fn of(folder: &Path) -> Self {
        let mut hasher = DefaultHasher::new();
        let mut add = |path: &Path| {
            path.hash(&mut hasher);
            if let Ok(about) = std::fs::metadata(path) {
                about.len().hash(&mut hasher);
                about.modified().ok().hash(&mut hasher);
            }
        };
        add(&folder.join("workspace.toml"));
        for (kind, depth) in [
            ("environments", Depth::Flat),
            ("sessions", Depth::Flat),
            ("requests", Depth::Nested),
        ] {
            for (_, path) in files(&folder.join(kind), depth, &mut Vec::new()) {
                add(&path);
            }
        }
        Self(hasher.finish())
    }
}

/// Decides when what others have written is taken in: once it has stopped changing, and only once.
#[derive(Debug, Default)]
pub struct Outside {
    last: Stamp,
    tried: Stamp,
}

impl Outside {
    /// One look: what the folder is like now, and what it was like when it was read. True: read it.
    pub fn look(&mut self, now: Stamp, read: Stamp) -> bool {
        let still = std::mem::replace(&mut self.last, now) == now;
        let news = now != read && now != self.tried;
        if still && news {
            self.tried = now;
        }
        still && news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_taken_in_once_it_stands_still_and_only_once() {
        let mut outside = Outside::default();
        let (read, half, whole) = (Stamp(1), Stamp(2), Stamp(3));
        for (now, read, expected, why) in [
            (read, read, false, "nothing has changed"),
            (read, read, false, "nor later"),
            (half, read, false, "it may be half written"),
            (whole, read, false, "it still changes"),
            (whole, read, true, "it stands still"),
            (
                whole,
                read,
                false,
                "it could not be read, and nothing is new",
            ),
            (read, read, false, "it was taken back"),
            (
                whole,
                whole,
                false,
                "it was read by somebody else meanwhile",
            ),
            (whole, whole, false, "and is as it was read"),
        ] {
            assert_eq!(outside.look(now, read), expected, "{why}");
        }
    }

    #[test]
    fn every_kind_of_change_of_a_file_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let requests = folder.path().join("requests/orders");
        std::fs::create_dir_all(&requests).expect("a folder");
        let mut seen = vec![Stamp::of(folder.path())];
        let mut changed = |what: &str| {
            let now = Stamp::of(folder.path());
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        std::fs::write(requests.join("list.toml"), "url = \"https://a.test\"").expect("written");
        changed("a new file");
        std::fs::write(requests.join("list.toml"), "url = \"https://a.test/\"").expect("written");
        changed("another length");
        std::fs::rename(requests.join("list.toml"), requests.join("all.toml")).expect("renamed");
        changed("another name");
        std::fs::remove_file(requests.join("all.toml")).expect("removed");
        std::fs::write(folder.path().join("workspace.toml"), "").expect("written");
        changed("a file of another kind");
    }
}
