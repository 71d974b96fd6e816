//! Whether a token will outlive what it is taken for.

use std::time::Duration;

use crate::clock::millis;

/// Whether a token that expires in so many milliseconds lives on for as long as is wanted.
///
/// Half of a token's life is always enough: a newer one would hardly last longer, and short-lived tokens would be renewed
/// for each upload. Where the expiry is unknown only the server can tell, and it is asked.
pub(crate) fn fresh_enough(
    expires_in_ms: Option<i64>,
    lifetime_ms: Option<u64>,
    fresh_for: Duration,
) -> bool {
    let Some(expires_in_ms) = expires_in_ms else {
        return true;
    };
    if fresh_for.is_zero() {
        return true;
    }
    let half = lifetime_ms.map_or(u64::MAX, |lifetime| lifetime / 2);
    let wanted = millis(fresh_for).min(half);
    u64::try_from(expires_in_ms).is_ok_and(|left| left >= wanted.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_fresh_enough_if_it_outlives_what_it_is_taken_for() {
        for (expires_in_ms, lifetime_ms, fresh_for_s, expected) in [
            (Some(60_000), Some(3_600_000), 30, true),
            (Some(29_999), Some(3_600_000), 30, false),
            (Some(0), Some(3_600_000), 30, false),
            (Some(-5_000), Some(3_600_000), 30, false),
            (Some(-5_000), Some(3_600_000), 0, true),
            (Some(0), Some(0), 30, false),
            (Some(3_000), Some(6_000), 30, true),
            (Some(2_999), Some(6_000), 30, false),
            (Some(i64::MAX), Some(u64::MAX), 600, true),
            (Some(i64::MIN), None, 600, false),
            (None, None, 600, true),
        ] {
            assert_eq!(
                fresh_enough(expires_in_ms, lifetime_ms, Duration::from_secs(fresh_for_s)),
                expected,
                "{expires_in_ms:?} {lifetime_ms:?} {fresh_for_s}"
            );
        }
    }
}
