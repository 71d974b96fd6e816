//! Markdown, for a bug report: what happened and why, the ladder, and every event with its causes.

use super::ladder::ladder;
use super::secrets::{BANNER, Secrets};
use super::{EVIDENCE_EVENTS_MAX, Evidence, Words, moment};
use crate::timeline::event::{Event, Fact};

/// The file.
pub(super) fn write(evidence: &Evidence, words: &dyn Words) -> String {
    let mut text = format!("# {}\n\n", title(evidence));
    if evidence.secrets.is_some() {
        text += &format!("**{BANNER}**\n\n");
    }
    if let (Some(first), Some(last)) = (evidence.events.first(), evidence.events.last()) {
        text += &format!(
            "{} to {}, run {}, events {} to {}. Written by Sandglass {}.\n\n",
            moment::written(first.wall_ms),
            moment::written(last.wall_ms),
            first.key.run,
            first.key.seq,
            last.key.seq,
            env!("CARGO_PKG_VERSION"),
        );
    }
    if evidence.cut {
        text += &format!("Only the first {EVIDENCE_EVENTS_MAX} events are in it.\n\n");
    }
    if !evidence.verdicts.is_empty() {
        text += "## Why\n\n";
        for verdict in &evidence.verdicts {
            text += &format!("- {}", prose(&words.verdict(verdict)));
            let rests_on: Vec<String> = verdict
                .finding
                .evidence
                .iter()
                .map(|key| format!("#{}", key.seq))
                .collect();
            let on_purpose: String = verdict
                .injected
                .iter()
                .map(|injected| format!("; on purpose: #{}", injected.key.seq))
                .collect();
            text += &format!(
                " (`{}`; events {}{on_purpose})\n",
                verdict.finding.rule_id,
                rests_on.join(", ")
            );
        }
        text.push('\n');
    }
    text += &format!(
        "## Who said what\n\n```text\n{}```\n\n",
        ladder(&evidence.events)
    );
    text += "## Every event\n\n| # | time | what | because of |\n| --: | --- | --- | --- |\n";
    for event in &evidence.events {
        text += &row(event, words);
    }
    match &evidence.secrets {
        None => {
            text += "\nTokens are shown as keyed fingerprints: equal ones are equal, and nothing here can be sent.\n";
        }
        Some(secrets) => text += &as_sent(secrets),
    }
    text
}

/// The requests as they were sent, to be sent again.
fn as_sent(secrets: &Secrets) -> String {
    let mut text = "\n## As it was sent\n\n".to_owned();
    for (request, sent) in &secrets.requests {
        text += &format!("R{request}, attempt {}", sent.attempt);
        if sent.token_gone {
            text += ", without its token, which is not the current one any more";
        }
        let line = sent.curl();
        // More of them than stand anywhere in it.
        let longest = line
            .split(|c| c != '`')
            .map(str::len)
            .max()
            .unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        text += &format!(":\n\n{fence}sh\n{line}\n{fence}\n\n");
    }
    text
}

fn title(evidence: &Evidence) -> String {
    let queued = evidence.events.iter().find_map(|event| match &event.fact {
        Fact::RequestQueued { method, url, .. } => {
            let request = event.subject.request.unwrap_or_default();
            Some(format!("R{request}: {method} {url}"))
        }
        _ => None,
    });
    prose(&queued.unwrap_or_else(|| "A part of the timeline".to_owned()))
}

fn row(event: &Event, words: &dyn Words) -> String {
    let causes: Vec<String> = event
        .cause_seq
        .iter()
        .map(|cause| format!("#{}", cause.seq))
        .collect();
    format!(
        "| {} | {} | {} | {} |\n",
        event.key.seq,
        moment::written(event.wall_ms),
        prose(&words.event(event)),
        causes.join(", ")
    )
}

/// Text of servers and users as text: nothing in it is Markdown or HTML.
fn prose(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => safe.push(' '),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '|' | '`' | '*' | '_' | '[' | ']' | '\\' => {
                safe.push('\\');
                safe.push(c);
            }
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_text_and_nothing_else() {
        for (text, expected) in [
            ("plain words", "plain words"),
            ("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"),
            ("a | b\nc", "a \\| b c"),
            ("[x](javascript:y) `z`", "\\[x\\](javascript:y) \\`z\\`"),
        ] {
            assert_eq!(prose(text), expected, "{text}");
        }
    }
}
