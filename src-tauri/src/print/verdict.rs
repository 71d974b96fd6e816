//! Verdicts in words for a terminal and for files: the catalogue of the view, filled with the values of a finding.

use std::sync::LazyLock;

use sandglass_engine::evidence::Words;
use sandglass_engine::timeline::event::Event;
use sandglass_engine::verdict::Explanation;
use sandglass_engine::verdict::explanation::{Certainty, Finding};
use serde_json::Value;

/// The sentences, which the view reads too.
static CATALOGUE: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../ui/src/words/verdicts.json"))
        .expect("the catalogue is JSON; a test reads it")
});

/// The words of this program for events and verdicts.
#[derive(Clone, Copy, Debug, Default)]
pub struct English;

impl Words for English {
    fn event(&self, event: &Event) -> String {
        super::words(event)
    }

    fn verdict(&self, explanation: &Explanation) -> String {
        let name = explanation
            .request
            .as_ref()
            .map(|named| named.name.as_str());
        let name = name.map(|name| format!("{name}: ")).unwrap_or_default();
        format!("{name}{}", finding(&explanation.finding))
    }
}

/// One finding, in whole sentences.
pub fn finding(finding: &Finding) -> String {
    let words = &CATALOGUE["rules"][&finding.rule_id];
    let sure = match finding.certainty {
        Certainty::Likely => format!("{}: ", text(&CATALOGUE["certainty"]["likely"])),
        Certainty::Certain | Certainty::Unknown => String::new(),
    };
    let title = filled(text(&words["title"]), finding);
    let body = filled(text(&words["body"]), finding);
    format!("{sure}{title} {body}").trim_end().to_owned()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A sentence with its values: `{name}` stands for one, and what is in `[]` goes where one of its values is not known.
fn filled(template: &str, finding: &Finding) -> String {
    let mut said = String::new();
    let mut rest = template;
    while let Some(start) = rest.find('[') {
        said += &with_values(&rest[..start], finding).unwrap_or_default();
        let end = rest[start..]
            .find(']')
            .map_or(rest.len(), |end| start + end);
        said += &with_values(&rest[start + 1..end], finding).unwrap_or_default();
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    said + &with_values(rest, finding).unwrap_or_default()
}

/// `None`: a value is not known.
fn with_values(template: &str, finding: &Finding) -> Option<String> {
    let mut said = String::new();
    let mut rest = template;
    while let Some((before, from)) = rest.split_once('{') {
        let (name, after) = from.split_once('}')?;
        let value = finding.params.get(name)?;
        said += before;
        said += &if name.ends_with("_ms") {
            super::seconds(value.parse::<i64>().ok()?.unsigned_abs())
        } else {
            value.clone()
        };
        rest = after;
    }
    Some(said + rest)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn check(rule_id: &str, params: &[(&str, &str)], certainty: Certainty, expected: &str) {
        let params: BTreeMap<_, _> = params
            .iter()
            .map(|(name, value)| (ToString::to_string(name), ToString::to_string(value)))
            .collect();
        let found = Finding {
            rule_id: rule_id.to_owned(),
            certainty,
            params,
            links: BTreeMap::new(),
            evidence: Vec::new(),
            next: Vec::new(),
        };
        assert_eq!(finding(&found), expected);
    }

    #[test]
    fn a_finding_reads_as_sentences_with_its_values() {
        check(
            "token.expired",
            &[
                ("generation", "G6"),
                ("over_ms", "1200"),
                ("age_ms", "7200"),
            ],
            Certainty::Certain,
            "G6 had expired 1.2 s before this was sent. It was 7.2 s old.",
        );
        check(
            "token.revoked_said",
            &[],
            Certainty::Likely,
            "Most likely: The API says that the token was revoked.",
        );
    }
}
