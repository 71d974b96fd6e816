//! The table of scenarios: numbers, titles, and what cannot apply.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

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
    /// Why it may be without a test: it cannot apply.
    pub(super) not_applicable: Option<String>,
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
            not_applicable: None,
        });
    }
    let word = |name: &str| {
        let word = value.get(name).and_then(toml::Value::as_str);
        let rule = "is a title, or a title with `not_applicable`";
        word.map(str::to_owned)
            .with_context(|| format!("scenario {number} has no `{name}`: it {rule}"))
    };
    Ok(Scenario {
        title: word("title")?,
        not_applicable: Some(word("not_applicable")?),
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
    fn a_number_without_a_test_says_why_it_cannot_apply() {
        for (row, accepted) in [
            ("1 = \"t\"", true),
            ("1 = { title = \"t\", not_applicable = \"why\" }", true),
            ("1 = { title = \"t\", later = \"some day\" }", false),
            ("1 = { title = \"t\" }", false),
            ("1 = { not_applicable = \"why\" }", false),
            ("2 = \"t\"", false),
        ] {
            let text = format!("[A]\ntitle = \"a\"\n{row}");
            assert_eq!(Table::parse(&text).is_ok(), accepted, "{row}");
        }
    }
}
