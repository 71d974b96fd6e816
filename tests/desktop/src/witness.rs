//! What is in the keychain, read by a program that knows nothing of us.

use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use xtask::desk::Desk;

/// The tokens that the keychain of this desk holds for us, oldest record first: each as it would travel.
///
/// # Errors
/// When `secret-tool` cannot read the keychain, or finds nothing that looks like ours.
pub fn tokens(desk: &Desk) -> Result<Vec<String>> {
    let mut search = desk.command("secret-tool");
    search
        .args(["search", "--all", "--unlock", "service", "sandglass"])
        .stdin(Stdio::null());
    let output = search.output().context("running secret-tool")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut tokens = Vec::new();
    for line in text
        .lines()
        .filter_map(|line| line.strip_prefix("secret = "))
    {
        // Records are JSON; the key of the fingerprints is not, and is no token.
        if let Ok(record) = serde_json::from_str::<Value>(line) {
            collect(&record, "", &mut tokens);
        }
    }
    if tokens.is_empty() {
        bail!(
            "the keychain holds no tokens of ours; secret-tool said\n{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(tokens)
}

fn collect(value: &Value, name: &str, tokens: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, value)| collect(value, name, tokens)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, tokens)),
        Value::String(text) if name.ends_with("token") => tokens.push(text.clone()),
        _ => {}
    }
}
