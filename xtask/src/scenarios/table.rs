//! The table of scenarios: numbers, titles, and what is excused for now.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// Numbers that may wait for the sign-in work in part, by the design's list.
const LATER: [u16; 24] = [
    30, 58, 59, 60, 61, 63, 64, 68, 71, 92, 94, 95, 100, 105, 107, 108, 109, 110, 111, 117, 121,
    123, 124, 125,
];

/// All scenarios, by section.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) sections: Vec<Section>,
}

/// One letter.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) letter: String,
    pub(super) title: String,
    pub(super) scenarios: BTreeMap<u16, Scenario>,
}

/// One promised behaviour.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) title: String,
    pub(super) excuse: Option<Excuse>,
}

/// Why a number may be without a test.
#[derive(Debug)]
pub(super) enum Excuse {
    /// A part of it comes with the sign-in work.
    Later(String),
    /// It cannot apply.
    NotApplicable(String),
}

impl Table {
    /// Reads the table.
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        Self::parse(&text).with_context(|| format!("reading {}", file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let mut sections = Vec::new();
        for (letter, rows) in text.parse::<toml::Table>()? {
            let rows = rows.try_into::<toml::Table>()?;
            let mut section = Section {
                letter,
                title: String::new(),
                scenarios: BTreeMap::new(),
            };
            for (key, value) in rows {
                if key == "title" {
                    section.title = value.try_into()?;
                    continue;
                }
                let number = key.parse().with_context(|| format!("{key} is no number"))?;
                section.scenarios.insert(number, scenario(number, &value)?);
            }
            sections.push(section);
        }
        let table = Self { sections };
        let mut expected = 1..;
        for number in table
            .sections
            .iter()
            .flat_map(|section| section.scenarios.keys())
        {
            let next = expected.next();
            if next != Some(*number) {
                bail!("expected scenario {next:?}, found {number}");
            }
        }
        Ok(table)
    }

    /// What the number promises.
    pub(super) fn title(&self, number: u16) -> Option<&str> {
        self.sections
            .iter()
            .find_map(|section| section.scenarios.get(&number))
            .map(|scenario| scenario.title.as_str())
    }
}

fn scenario(number: u16, value: &toml::Value) -> Result<Scenario> {
    if let Some(title) = value.as_str() {
        return Ok(Scenario {
            title: title.to_owned(),
            excuse: None,
        });
    }
    let word = |name: &str| {
        value
            .get(name)
            .and_then(toml::Value::as_str)
            .map(str::to_owned)
    };
    let excuse = match (word("later"), word("not_applicable")) {
        (Some(_), None) if !LATER.contains(&number) => {
            bail!("scenario {number} may not wait for later")
        }
        (Some(later), None) => Excuse::Later(later),
        (None, Some(why)) => Excuse::NotApplicable(why),
        _ => bail!(
            "scenario {number} is a title, or a title with either `later` or `not_applicable`"
        ),
    };
    let title = word("title").with_context(|| format!("scenario {number} has no title"))?;
    Ok(Scenario {
        title,
        excuse: Some(excuse),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_table_has_every_number_once() {
        let file = xtask::root::root().join("tests/scenarios.toml");
        let table = Table::read(&file).expect("the committed table");
        let numbers = table
            .sections
            .iter()
            .map(|section| section.scenarios.len())
            .sum::<usize>();
        assert_eq!((numbers, table.sections.len()), (128, 11));
    }

    #[test]
    fn an_excuse_is_given_only_where_the_design_gives_it() {
        for (row, accepted) in [
            ("1 = \"t\"", true),
            ("1 = { title = \"t\", not_applicable = \"why\" }", true),
            (
                "1 = { title = \"t\", later = \"engine half; rest: sign-in\" }",
                false,
            ),
            ("1 = { title = \"t\" }", false),
            ("1 = { not_applicable = \"why\" }", false),
            ("2 = \"t\"", false),
        ] {
            let text = format!("[A]\ntitle = \"a\"\n{row}");
            assert_eq!(Table::parse(&text).is_ok(), accepted, "{row}");
        }
    }
}
