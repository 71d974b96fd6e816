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
