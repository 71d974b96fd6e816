//! Who said what to whom, as a ladder of three: Sandglass, the API, the sign-in server. Plain text, so that it reads the same
//! in a bug tracker, a mail and a terminal.

use std::sync::Arc;

use crate::timeline::event::{Event, Fact, Purpose};

/// Characters of one arrow's label.
const LABEL_CHARS_MAX: usize = 30;
/// Characters between two posts.
const GAP: usize = LABEL_CHARS_MAX + 6;

/// The ladder of these events. Times are seconds after the first of them.
pub(super) fn ladder(events: &[Arc<Event>]) -> String {
    let Some(first) = events.first() else {
        return String::new();
    };
    let post = |name: &str| format!("{name:<width$}", width = GAP + 1);
    let mut text = format!(
        "{:>9}  {}{}{}\n",
        "",
        post("Sandglass"),
        post("API"),
        "sign-in server"
    );
    for event in events {
        let Some(step) = step(event) else { continue };
        let seconds = event.mono_ns.saturating_sub(first.mono_ns) / 1_000_000;
        let at = format!("{}.{:03}", seconds / 1_000, seconds % 1_000);
        text += &format!("{at:>9}  {}\n", step.drawn());
    }
    text
}

/// One rung.
enum Step {
    ToApi(String),
    FromApi(String),
    ToServer(String),
    FromServer(String),
    Note(String),
}

fn step(event: &Event) -> Option<Step> {
    let subject = &event.subject;
    let r = subject
        .request
        .map_or_else(String::new, |n| format!("R{n}"));
    let f = subject.flight.map_or_else(String::new, |n| format!("F{n}"));
    let g = subject
        .generation
        .map_or_else(String::new, |n| format!("G{n}"));
    Some(match &event.fact {
        Fact::RequestQueued { method, url, .. } => Step::Note(format!("{r}: {method} {url}")),
        Fact::AttemptStarted { authorized, .. } if *authorized => {
            Step::ToApi(format!("{r} with {g}"))
        }
        Fact::AttemptStarted { .. } => Step::ToApi(format!("{r} without a token")),
        Fact::ResponseHead { status, .. } => Step::FromApi(format!("{status}")),
        Fact::AttemptFailed { error, .. } => Step::FromApi(format!("nothing: {error}")),
        Fact::SecondOpinionAsked { authorized, .. } => {
            let token = if *authorized { "with" } else { "without" };
            Step::ToApi(format!("{r} by another client, {token} token"))
        }
        Fact::SecondOpinionGiven { status, error, .. } => Step::FromApi(match (status, error) {
            (Some(status), _) => format!("{status}"),
            (None, Some(error)) => format!("nothing: {error}"),
            (None, None) => "nothing".to_owned(),
        }),
        Fact::Redirected { to, status, .. } => Step::Note(format!("{status} leads to {to}")),
        Fact::ExchangeSent {
            purpose: Purpose::SignIn,
            ..
        } => Step::ToServer("sign-in".to_owned()),
        Fact::ExchangeSent { replay, .. } => Step::ToServer(format!(
            "{f} refresh{}",
            if *replay { ", once more" } else { "" }
        )),
        Fact::ExchangeReplied { status, error, .. } => {
            let status = status.map_or_else(|| "nothing".to_owned(), |status| status.to_string());
            Step::FromServer(match error {
                Some(error) => format!("{status} {error}"),
                None => status,
            })
        }
        Fact::Published { .. } => Step::Note(format!("{g} is the token from here on")),
        Fact::TokenExpired {} => Step::Note(format!("{g} expired by the local clock")),
        Fact::LoginRequired { .. } => Step::Note("the session needs a new sign-in".to_owned()),
        _ => return None,
    })
}

impl Step {
    fn drawn(&self) -> String {
        let arrow = |label: &str, right: bool| {
            let label: String = clean(label).chars().take(LABEL_CHARS_MAX).collect();
            let dashes = "-".repeat(GAP - 5 - label.chars().count());
            if right {
                format!("|-- {label} {dashes}>")
            } else {
                format!("|<{dashes} {label} --")
            }
        };
        let gap = " ".repeat(GAP);
        match self {
            Self::ToApi(label) => format!("{}|{gap}|", arrow(label, true)),
            Self::FromApi(label) => format!("{}|{gap}|", arrow(label, false)),
            Self::ToServer(label) => format!("|{gap}{}|", arrow(label, true)),
            Self::FromServer(label) => format!("|{gap}{}|", arrow(label, false)),
            Self::Note(words) => format!("*  {}", clean(words)),
        }
    }
}

/// Text that cannot end the block that it stands in.
fn clean(text: &str) -> String {
    text.replace(['`', '\n', '\r'], "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrow_is_as_wide_as_the_gap_and_no_label_breaks_out() {
        for label in ["", "401", &"x".repeat(300), "a`b\n```c"] {
            for step in [Step::ToApi(label.into()), Step::FromApi(label.into())] {
                let drawn = step.drawn();
                assert_eq!(drawn.chars().count(), 2 * GAP + 3, "{drawn}");
                assert!(!drawn.contains(['`', '\n']), "{drawn}");
            }
        }
    }
}
