//! The text of a `.bru` file as blocks: `name { … }` or `name [ … ]`, each ended by its bracket at the beginning of a line.

/// Blocks of one file.
const BLOCKS_MAX: usize = 200;

/// One block.
pub(super) struct Block<'t> {
    /// What stands before the bracket.
    pub(super) name: &'t str,
    /// What stands between the brackets.
    pub(super) text: &'t str,
}

/// The blocks of one file.
pub(super) struct Blocks<'t>(Vec<Block<'t>>);

/// Takes a file apart.
///
/// # Errors
/// The number of the line, from 1, that belongs to no block, or where one begins that never ends.
pub(super) fn read(text: &str) -> Result<Blocks<'_>, usize> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, &str, usize, usize)> = None;
    let mut at = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        let line = line.trim_end();
        match open {
            Some((name, end, from, _)) if line == end => {
                blocks.push(Block {
                    name,
                    text: &text[from..start],
                });
                open = None;
            }
            Some(_) => {}
            None if line.is_empty() => {}
            None if blocks.len() == BLOCKS_MAX => return Err(index + 1),
            None => {
                let (name, end) = if let Some(name) = line.strip_suffix('{') {
                    (name, "}")
                } else if let Some(name) = line.strip_suffix('[') {
                    (name, "]")
                } else if let Some((name, inner)) =
                    line.strip_suffix(']').and_then(|line| line.split_once('['))
                {
                    // A list on one line.
                    blocks.push(Block {
                        name: name.trim(),
                        text: inner,
                    });
                    continue;
                } else if let Some(name) = line
                    .strip_suffix('}')
                    .and_then(|line| line.trim_end().strip_suffix('{'))
                {
                    blocks.push(Block {
                        name: name.trim(),
                        text: "",
                    });
                    continue;
                } else {
                    return Err(index + 1);
                };
                open = Some((name.trim(), end, at, index + 1));
            }
        }
    }
    match open {
        Some((_, _, _, line)) => Err(line),
        None => Ok(Blocks(blocks)),
    }
}

impl<'t> Blocks<'t> {
    pub(super) fn all(&self) -> &[Block<'t>] {
        &self.0
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|block| block.name == name)
    }

    fn raw(&self, name: &str) -> Option<&'t str> {
        self.0
            .iter()
            .find(|block| block.name == name)
            .map(|block| block.text)
    }

    /// Names, values, and whether each is switched on. A value may have several lines between two `'''`; what stands
    /// before it with an `@` is its kind, and says nothing that we need.
    pub(super) fn pairs(
        &self,
        name: &str,
    ) -> impl Iterator<Item = (&'t str, &'t str, bool)> + use<'t> {
        let mut rest = self.raw(name).unwrap_or_default();
        std::iter::from_fn(move || {
            while !rest.is_empty() {
                let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
                rest = after;
                let line = line.trim();
                let Some((name, value)) = split(line).filter(|_| !line.starts_with('@')) else {
                    continue;
                };
                let mut value = value.trim();
                if value == QUOTES {
                    (value, rest) = until_quotes(rest);
                }
                let off = name.strip_prefix('~');
                return Some((off.unwrap_or(name), value, off.is_none()));
            }
            None
        })
    }

    /// One value.
    pub(super) fn value(&self, block: &str, name: &str) -> Option<&'t str> {
        self.pairs(block)
            .find(|(known, _, on)| *known == name && *on)
            .map(|(_, value, _)| value)
    }

    /// The names of a list.
    pub(super) fn names(&self, name: &str) -> impl Iterator<Item = &'t str> + use<'t> {
        let items = self.raw(name).unwrap_or_default().split([',', '\n']);
        items
            .map(str::trim)
            .filter(|name| !name.is_empty() && !name.starts_with('~'))
    }

    /// The text of a block without the two spaces that each of its lines is moved by.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let lines: Vec<&str> = self
            .raw(name)?
            .lines()
            .map(|line| line.strip_prefix("  ").unwrap_or(line))
            .collect();
        Some(lines.join("\n"))
    }
}

/// What stands around a value of several lines.
const QUOTES: &str = "'''";

/// A value of several lines, and what comes after it.
fn until_quotes(text: &str) -> (&str, &str) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.trim() == QUOTES {
            return (text[..at].trim(), &text[at + line.len()..]);
        }
        at += line.len();
    }
    (text.trim(), "")
}

/// `name: value`; a name that holds a colon is in quotes.
fn split(line: &str) -> Option<(&str, &str)> {
    let (name, value) = match line.trim_start_matches('~').strip_prefix('"') {
        Some(rest) => {
            let (name, value) = rest.split_once('"')?;
            (name, value.trim_start().strip_prefix(':')?)
        }
        None => line.split_once(':')?,
    };
    (!name.is_empty()).then_some((name.trim(), value))
}
