//! Finds the tests that name scenarios, or threats of the security notes, by the doc comment above each.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// A test function, and the numbers in its doc comment: none where it names threats only. Such a test proves no scenario,
/// but it may miss a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// The file, from the top of the repository.
    pub(super) file: PathBuf,
    pub(super) function: String,
    pub(super) numbers: BTreeSet<u16>,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.function)
    }
}

/// Every test below the folders that names a scenario or a threat.
pub(super) fn tests(top: &Path, folders: &[&str]) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    for file in folders.iter().flat_map(|folder| sources(&top.join(folder))) {
        let text =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        let name = file.strip_prefix(top).unwrap_or(&file);
        found.extend(in_text(name, &text)?);
    }
    Ok(found)
}

/// The Rust files below a folder, in order.
pub(super) fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found
}

fn in_text(file: &Path, text: &str) -> Result<Vec<Named>> {
    let mut found = Vec::new();
    // In the real window no rule is switched off that nothing else would miss, and a threat there takes a minute.
    let in_a_window = file.starts_with("tests/desktop");
    let (mut numbers, mut threat, mut is_test) = (BTreeSet::new(), false, false);
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            numbers.extend(numbers_in(words.trim()));
            threat |= !in_a_window
                && words
                    .split([' ', '.', ':', ','])
                    .nth(1)
                    .is_some_and(is_threat);
        } else if line.starts_with("#[") || line.starts_with(')') {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        } else if !line.starts_with("//") {
            // What is not a test may be about a threat.
            if !numbers.is_empty() || (threat && is_test) {
                let function = function(line).filter(|_| is_test).with_context(|| {
                    format!(
                        "{}: a scenario is named above what is no test: {line}",
                        file.display()
                    )
                })?;
                found.push(Named {
                    file: file.to_owned(),
                    function: function.to_owned(),
                    numbers: std::mem::take(&mut numbers),
                });
            }
            (threat, is_test) = (false, false);
        }
    }
    if !numbers.is_empty() {
        bail!(
            "{} ends with a comment that names a scenario",
            file.display()
        );
    }
    Ok(found)
}

/// Threats of the security notes have numbers of their own: N9.
fn is_threat(token: &str) -> bool {
    token
        .strip_prefix('N')
        .is_some_and(|number| number.parse::<u16>().is_ok())
}

fn function(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("async ")
        .unwrap_or(line)
        .strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

/// The numbers of a line such as `Scenarios 16, 17 and 22: why`, or `N9, scenario 83.`; none where it is other prose.
fn numbers_in(words: &str) -> BTreeSet<u16> {
    let head = words.split(['.', ':', ';']).next().unwrap_or_default();
    let mut tokens = head
        .split([' ', ','])
        .filter(|token| !token.is_empty())
        .peekable();
    // Threats may stand before and between.
    while tokens
        .peek()
        .is_some_and(|token| is_threat(token) || *token == "and")
    {
        tokens.next();
    }
    let opens = |token: &str| matches!(token, "Scenario" | "Scenarios" | "scenario" | "scenarios");
    if !tokens.next().is_some_and(opens) {
        return BTreeSet::new();
    }
    let mut numbers = BTreeSet::new();
    for token in tokens {
        let (from, to) = token.split_once('-').unwrap_or((token, token));
        match (from.parse::<u16>(), to.parse::<u16>()) {
            (Ok(from), Ok(to)) => numbers.extend(from..=to),
            _ if token == "and" || is_threat(token) => {}
            // The list is over; what follows is prose.
            _ => break,
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_numbers_at_its_start_only() {
        for (line, expected) in [
            ("Scenario 12.", &[12][..]),
            ("Scenarios 16, 17 and 22: who leaves.", &[16, 17, 22]),
            ("Scenarios 58-61 and 63.", &[58, 59, 60, 61, 63]),
            ("N9, scenarios 83 and 104: neither follows.", &[83, 104]),
            ("Scenarios 27, 83 and N43: none.", &[27, 83]),
            ("Scenario 87 and N45.", &[87]),
            ("As scenario 12 says, nothing.", &[]),
            ("N1: a request.", &[]),
        ] {
            assert_eq!(
                numbers_in(line),
                expected.iter().copied().collect(),
                "{line}"
            );
        }
    }

    #[test]
    fn numbers_belong_to_the_test_below_them() {
        let text = "/// Scenario 1.\n/// More.\n#[tokio::test(flavor = \"multi_thread\")]\nasync fn a() {\n}\n\n#[test]\nfn b() {}\n\n/// Scenario 2.\n#[test]\nfn c() {}\n";
        let found = in_text(Path::new("x.rs"), text).expect("well formed");
        let found: Vec<_> = found
            .iter()
            .map(|named| (named.function.as_str(), named.numbers.first().copied()))
            .collect();
        assert_eq!(found, [("a", Some(1)), ("c", Some(2))]);
        let text =
            "/// N3.\nconst A: u8 = 1;\n/// N4: why.\n#[test]\nfn d() {}\n#[test]\nfn e() {}\n";
        let found = in_text(Path::new("x.rs"), text).expect("well formed");
        assert_eq!((found.len(), &*found[0].function), (1, "d"));
        let found = in_text(Path::new("tests/desktop/x.rs"), text).expect("well formed");
        assert_eq!(found, []);
        for wrong in [
            "/// Scenario 1.\nfn helper() {}\n",
            "/// Scenario 1.\nstruct A;\n",
        ] {
            assert!(in_text(Path::new("x.rs"), wrong).is_err(), "{wrong}");
        }
    }
}
