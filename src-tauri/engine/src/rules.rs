//! A way for the tests to take one rule away and see who notices.
//!
//! Every decision is made by a rule with an id, and the timeline names it. A rule asks here last, when all its other
//! conditions hold: `if refusal.retried && rules::on("retry.spent") { … }`. Without the feature `rule-off` the answer is
//! always yes, at no cost. With it, the rule named by `SANDGLASS_RULE_OFF` is skipped as if it had never been written:
//! the ones below it decide. Where it was the last, the caller does the least that it can: return the answer, wait, ask.
//!
//! `SANDGLASS_RULES_SEEN` names a file to which the process adds the id of each rule that decided something, so that
//! `cargo xtask scenarios` tries a rule only with the tests that depend on it.

/// Whether the rule is in force.
#[cfg(not(feature = "rule-off"))]
pub(crate) const fn on(_: &'static str) -> bool {
    true
}

/// Whether the rule is in force in this process.
#[cfg(feature = "rule-off")]
pub(crate) fn on(rule_id: &'static str) -> bool {
    use std::collections::HashSet;
    use std::ffi::OsString;
    use std::io::Write as _;
    use std::sync::{LazyLock, Mutex, PoisonError};

    static OFF: LazyLock<Option<OsString>> =
        LazyLock::new(|| std::env::var_os("SANDGLASS_RULE_OFF"));
    static SEEN: LazyLock<Option<OsString>> =
        LazyLock::new(|| std::env::var_os("SANDGLASS_RULES_SEEN"));
    static TOLD: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);

    if let Some(path) = &*SEEN {
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get_or_insert_default().insert(rule_id) {
            let file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path);
            // In one write: several tests of one process may end up here, and several processes in one file.
            file.and_then(|mut file| file.write_all(format!("{rule_id}\n").as_bytes()))
                .expect("the file for the rules that were seen can be written");
        }
    }
    OFF.as_ref().is_none_or(|off| off != rule_id)
}
