//! Each rule of the engine switched off, one after the other: some test that names a scenario or a threat must notice.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::programs::Programs;
use super::{Proof, scan};
use crate::say;

/// How a rule asks whether it is in force.
const ASKS: &str = "rules::on(\"";
/// Tests that are tried for one rule, the quickest first.
const TRIED_MAX: usize = 24;
/// Tests that are tried at once.
const AT_ONCE: usize = 4;
/// On top of a test's own time: without its rule a test may wait for what never comes.
const SPARE: Duration = Duration::from_secs(20);

/// Switches off every rule in turn; answers the rules that nobody misses.
pub(super) fn switch_off_each(
    top: &Path,
    programs: &Programs,
    proofs: &[Proof],
) -> Result<Vec<String>> {
    let mut rules = rules(top)?;
    // A rule may be asked for by a name that is computed: then it is known by having decided something.
    rules.extend(
        proofs
            .iter()
            .flat_map(|proof| proof.trial.rules.iter().cloned()),
    );
    say::heading(format_args!("{} rules, each switched off", rules.len()));
    let mut problems = Vec::new();
    for rule in &rules {
        match missed(rule, programs, proofs)? {
            Some(test) => say::line(format_args!("{rule:<34} noticed by {test}")),
            None => {
                say::line(format_args!("{rule:<34} NOBODY MISSES IT"));
                problems.push(format!(
                    "no test that names a scenario or a threat turns red without the rule {rule}"
                ));
            }
        }
    }
    Ok(problems)
}

/// The ids of all rules that the engine's sources ask for.
fn rules(top: &Path) -> Result<BTreeSet<String>> {
    let mut rules = BTreeSet::new();
    for file in scan::sources(&top.join("src-tauri/engine/src")) {
        if file.ends_with("src/rules.rs") {
            continue;
        }
        let text =
            fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        rules.extend(asked(&text));
    }
    Ok(rules)
}

fn asked(text: &str) -> impl Iterator<Item = String> {
    // The formatter may break the call over lines.
    let joined: String = text.split_whitespace().collect();
    let ids: Vec<_> = joined
        .split(ASKS)
        .skip(1)
        .filter_map(|rest| rest.split('"').next().map(str::to_owned))
        .collect();
    ids.into_iter()
}

/// The first test that turns red without the rule.
fn missed(rule: &str, programs: &Programs, proofs: &[Proof]) -> Result<Option<String>> {
    let mut depending: Vec<_> = proofs
        .iter()
        .filter(|proof| proof.trial.passed && proof.trial.rules.contains(rule))
        .collect();
    depending.sort_by_key(|proof| proof.trial.took);
    depending.truncate(TRIED_MAX);
    for few in depending.chunks(AT_ONCE) {
        let tests = few
            .iter()
            .map(|proof| programs.find(&proof.named))
            .collect::<Result<Vec<_>>>()?;
        let slowest = few
            .iter()
            .map(|proof| proof.trial.took)
            .max()
            .unwrap_or_default();
        let trials = programs.run(&tests, Some(rule), slowest + SPARE)?;
        let red = few.iter().zip(&trials).find(|(_, trial)| !trial.passed);
        if let Some((proof, _)) = red {
            return Ok(Some(proof.named.to_string()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::asked;

    #[test]
    fn a_rule_is_found_however_its_question_is_laid_out() {
        let text = "if rules::on(\"a.b\") && rules::on(\n    \"c.d\",\n) {}";
        assert_eq!(asked(text).collect::<Vec<_>>(), ["a.b", "c.d"]);
    }
}
