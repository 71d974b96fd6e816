//! Sign-ins that ended because something was made to go wrong on purpose.

use super::{End, store_refused};
use crate::fault::FaultName;
use crate::timeline::event::{Fact, LoginCause};
use crate::verdict::explanation::{Certainty, Finding, NextStep};
use crate::verdict::words::Topic;

/// The refresh token was hidden; it is there.
pub(super) fn hidden(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::NoRefreshToken]).then_some(())?;
    let injected = end.injected();
    let hid = injected
        .iter()
        .find(|injected| injected.fault == FaultName::DropRefreshToken)?;
    let finding = end.find(Certainty::Certain, "out.lab_hidden", &[NextStep::EndFault]);
    Some(finding.on([hid.key]))
}

/// The refresh token was sent twice in this sign-in, and the server ended it.
pub(super) fn reuse(end: &End<'_>) -> Option<Finding> {
    end.caused_by(&[LoginCause::InvalidGrant, LoginCause::Reuse])
        .then_some(())?;
    let struck =
        end.newest(|fact| matches!(fact, Fact::FaultInjected { fault } if fault.risks_session()))?;
    let signed_in = end.newest(|fact| matches!(fact, Fact::SignedIn {}));
    if signed_in.is_some_and(|signed_in| signed_in.key > struck.key) {
        return None;
    }
    // What it ended the session for is the server's to say; where it says nothing, nothing else is known of.
    let led = end.injected().iter().any(|one| one.key == struck.key);
    let replied = end.replied.as_ref();
    let said = end.caused_by(&[LoginCause::Reuse])
        || replied.is_some_and(|replied| replied.said.mentions(Topic::Reused));
    let certainty = match led || said {
        true => Certainty::Certain,
        false => Certainty::Likely,
    };
    let finding = end.find(certainty, "out.lab_reuse", &[NextStep::SignIn]);
    Some(finding.on([struck.key]))
}

/// The keychain took nothing, and the process that held the new tokens is gone.
pub(super) fn store(end: &End<'_>) -> Option<Finding> {
    let refused = store_refused(end)?;
    let failed = end.newest(|fact| matches!(fact, Fact::PersistFailed { .. }))?;
    let struck = end.of.events.iter().find(|event| {
        failed.cause_seq.contains(&event.key) && matches!(event.fact, Fact::FaultInjected { .. })
    })?;
    let finding = Finding {
        rule_id: "out.lab_store".to_owned(),
        ..refused
    };
    Some(finding.on([struck.key]).then(&[NextStep::SignIn]))
}
