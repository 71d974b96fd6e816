//! Every code that a failure can have has words on the screen.

use crate::repository::{read, sources};

/// The codes as the wire spells them, from their TypeScript twin.
fn codes() -> Vec<String> {
    let text = read("ui/src/wire/Code.ts");
    let union = text
        .split("export type Code =")
        .nth(1)
        .expect("the union of codes");
    union
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_code_has_words() {
    let words: String = sources("ui/src/words", &["ts"])
        .into_iter()
        .map(|(_, text)| text)
        .collect();
    let codes = codes();
    assert!(codes.len() > 25, "the codes were found: {codes:?}");
    for code in codes {
        let has_words = ['"', '\'']
            .iter()
            .any(|quote| words.contains(&format!("{quote}{code}{quote}")));
        assert!(has_words, "{code}: no words in ui/src/words");
    }
}

#[test]
fn every_verdict_has_words_and_no_words_are_left_over() {
    use std::collections::BTreeSet;

    let words: serde_json::Value =
        serde_json::from_str(&read("ui/src/words/verdicts.json")).expect("JSON");
    let rules = words["rules"].as_object().expect("an object");
    let known: BTreeSet<&str> = rules.keys().map(String::as_str).collect();
    let rules: BTreeSet<&str> = sandglass_engine::verdict::RULES
        .iter()
        .chain(sandglass_engine::verdict::SIGN_OUT_RULES)
        .copied()
        .collect();
    assert_eq!(known, rules);
    for (list, twin) in [
        ("steps", "NextStep"),
        ("clues", "Clue"),
        ("certainty", "Certainty"),
    ] {
        let twin = read(&format!("ui/src/wire/{twin}.ts"));
        let union = twin.split(" = ").nth(1).expect("a union");
        let names: BTreeSet<&str> = union.split('"').skip(1).step_by(2).collect();
        let words = words[list].as_object().expect("an object");
        let known: BTreeSet<&str> = words.keys().map(String::as_str).collect();
        assert_eq!(known, names, "{list}");
    }
}
