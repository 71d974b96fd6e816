//! "Why 401?" and "Why was I signed out?": pure rules over what the timeline tells.
//!
//! ```text
//! events -> Case -> every rule -> findings, the surest first -> Explanation
//! ```
//!
//! A rule looks at one thing only and says how sure it is; it decides nothing for the engine. What no rule can tell is said
//! to be unknown, with what would tell. Words belong to those who show them: here are ids, values and the numbers of events.

mod case;
mod course;
pub mod explanation;
mod history;
mod rules;
mod sign_out;
mod words;

pub(crate) use self::case::Case;
pub use self::explanation::Explanation;
pub use self::rules::RULES;
pub use self::sign_out::RULES as SIGN_OUT_RULES;
pub(crate) use self::sign_out::{Ending, explain as explain_sign_out};
pub(crate) use self::words::reason;

use self::explanation::{Certainty, Finding, Named, NextStep};

/// Other findings that are named beside the first.
const ALSO_MAX: usize = 3;

/// Why a send ended as it did, or stands as it does.
pub(crate) fn explain(case: &Case<'_>) -> Explanation {
    let mut findings: Vec<Finding> = rules::find(case);
    let mut first = findings.remove(0);
    if case.resource_metadata().is_some() {
        first.next.push(NextStep::ReadResource);
    }
    // What is said beside the verdict is what speaks for another one, not what merely describes the end.
    findings.retain(|finding| finding.certainty != Certainty::Unknown);
    findings.truncate(ALSO_MAX);
    let would_tell = match first.certainty {
        Certainty::Unknown => rules::would_tell(case),
        Certainty::Certain | Certainty::Likely => Vec::new(),
    };
    Explanation {
        of: case.queued.key,
        request: Some(Named {
            name: format!("R{}", case.request),
            key: case.queued.key,
        }),
        status: case
            .tries
            .iter()
            .find(|one| one.is_refused())
            .or(case.last())
            .and_then(case::Try::status),
        as_of: case.as_of,
        finding: first,
        course: course::course(case),
        also: findings,
        would_tell,
        injected: case.injected.clone(),
    }
}
