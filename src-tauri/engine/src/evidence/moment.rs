//! Moments as files write them: in UTC, to the millisecond (RFC 3339).

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::WallMs;

/// `2026-11-25T07:30:06.123Z`. A time beyond what can be written is the beginning of 1970.
pub(super) fn written(at: WallMs) -> String {
    let nanos = i128::from(at.0) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .format(&Rfc3339)
        .unwrap_or_default()
}
