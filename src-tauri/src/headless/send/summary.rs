//! One line on how it went: requests, refreshes, joined, retried, failed, and how long they took.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};
use std::sync::Arc;

use sandglass_engine::error::Failure;
use sandglass_engine::exchange::response::ResponseDetails;

use super::super::recorder::Counts;

/// Failures that are said one by one; of more, only their number.
const FAILURES_SAID_MAX: usize = 5;

/// How one send ended.
pub(super) struct Outcome {
    pub(super) result: Result<Arc<ResponseDetails>, Failure>,
}

impl Outcome {
    pub(super) fn of(result: Result<Arc<ResponseDetails>, Failure>) -> Self {
        Self { result }
    }

    fn failure(&self) -> Option<&Failure> {
        match &self.result {
            Ok(answer) => answer.not_repeated.as_ref(),
            Err(failure) => Some(failure),
        }
    }
}

/// How all of them ended.
pub(super) struct Summary {
    statuses: BTreeMap<u16, usize>,
    requests: usize,
    failed: usize,
    counts: Counts,
    /// Of those that were answered, in order.
    took_us: Vec<u64>,
}

impl Summary {
    pub(super) fn of(outcomes: &[Outcome], counts: Counts) -> Self {
        let mut summary = Self {
            statuses: BTreeMap::new(),
            requests: outcomes.len(),
            failed: 0,
            counts,
            took_us: Vec::new(),
        };
        for outcome in outcomes {
            match &outcome.result {
                Ok(answer) => {
                    *summary.statuses.entry(answer.status).or_default() += 1;
                    summary.took_us.push(answer.took_us);
                }
                Err(_) => summary.failed += 1,
            }
        }
        summary.took_us.sort_unstable();
        summary
    }

    /// The failures to say: each kind once.
    pub(super) fn failures<'o>(&self, outcomes: &'o [Outcome]) -> Vec<&'o Failure> {
        let mut said: Vec<&Failure> = Vec::new();
        for failure in outcomes.iter().filter_map(Outcome::failure) {
            if said.len() < FAILURES_SAID_MAX
                && !said.iter().any(|other| other.code == failure.code)
            {
                said.push(failure);
            }
        }
        said
    }

    /// The time within which this part of the answers came, in milliseconds: nearest rank.
    fn percentile_ms(&self, percent: usize) -> Option<u64> {
        let rank = (self.took_us.len() * percent).div_ceil(100);
        self.took_us.get(rank.checked_sub(1)?).map(|us| us / 1000)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            refreshes,
            joined,
            retried,
        } = self.counts;
        write!(f, "requests {}", self.requests)?;
        for (status, count) in &self.statuses {
            write!(f, "  {status}: {count}")?;
        }
        write!(
            f,
            "  refreshes {refreshes}  joined {joined}  retried {retried}  failed {}",
            self.failed
        )?;
        if let (Some(p50), Some(p95)) = (self.percentile_ms(50), self.percentile_ms(95)) {
            write!(f, "  p50 {p50} ms  p95 {p95} ms")?;
        }
        Ok(())
    }
}

/// Says how far it is, over what was said before.
pub(super) fn progress(done: u32, total: u32) {
    // Where nobody can hear it, it is not said.
    let _ = write!(io::stderr().lock(), "\r\u{1b}[K{done} of {total}");
}

/// Makes room for what comes next.
pub(super) fn progress_ends() {
    let _ = write!(io::stderr().lock(), "\r\u{1b}[K");
}

#[cfg(test)]
mod tests {
    use super::*;
    use sandglass_engine::error::Code;

    #[test]
    fn the_line_counts_and_ranks() {
        let answer = |status, took_ms: u64| {
            Outcome::of(Ok(Arc::new(ResponseDetails {
                request: 1,
                attempts: 1,
                status,
                version: "HTTP/1.1".to_owned(),
                headers: Vec::new(),
                took_us: took_ms * 1000,
                media_type: None,
                body_bytes: 0,
                text: None,
                cut: false,
                not_repeated: None,
            })))
        };
        let mut outcomes: Vec<Outcome> = (1..=100).rev().map(|ms| answer(200, ms)).collect();
        outcomes.push(Outcome::of(Err(Failure::new(Code::RequestStopped))));
        outcomes.push(answer(503, 1));
        let counts = Counts {
            refreshes: 1,
            joined: 3,
            retried: 4,
        };
        assert_eq!(
            Summary::of(&outcomes, counts).to_string(),
            "requests 102  200: 100  503: 1  refreshes 1  joined 3  retried 4  failed 1  p50 50 ms  p95 95 ms"
        );
        assert_eq!(
            Summary::of(&[], Counts::default()).to_string(),
            "requests 0  refreshes 0  joined 0  retried 0  failed 0"
        );
    }
}
