//! Bytes as a tree: JSON, or the part of YAML that says the same. Aliases are copied, within limits, and tags name nothing.

use std::borrow::Cow;

use serde_json::Value;

use super::invalid;
use super::source::FILE_BYTES_MAX;
use crate::error::Result;

/// Levels of a tree; `serde_json` has the same limit.
const DEPTH_MAX: usize = 120;
/// Values of a YAML tree.
const NODES_MAX: usize = 4_000_000;
/// Times that an alias is used.
const ALIASES_MAX: usize = 10_000;
/// Values that aliases stand for, all together.
const ALIASED_EVENTS_MAX: usize = 200_000;

/// Reads a tree.
///
/// # Errors
/// `import.invalid` where it is not UTF-8, is neither JSON nor YAML, or is beyond a limit.
pub(super) fn read(bytes: &[u8]) -> Result<Value> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        let detail = format!("at most {} MB are read", FILE_BYTES_MAX / 1024 / 1024);
        return Err(invalid("a file", &detail));
    }
    let text = text_of(bytes)?;
    let text = text.as_ref();
    if text.trim_start().starts_with(['{', '[']) {
        return serde_json::from_str(text).map_err(|error| invalid("JSON", &error.to_string()));
    }
    yaml(text)
}

/// The text, without a byte order mark: UTF-8, or UTF-16 where a mark says so (RFC 8259 §8.1 wants the first, some tools
/// write the second).
fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>> {
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => utf8(bytes).map(Cow::Borrowed),
    }
}

/// The text, without a byte order mark.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let detail = format!(
            "it is not UTF-8: byte {} cannot be one of its",
            error.valid_up_to() + 1
        );
        invalid("a file", &detail)
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let read: std::result::Result<String, _> = char::decode_utf16(units).collect();
    match read {
        Ok(text) if bytes.len().is_multiple_of(2) => Ok(text.into()),
        _ => Err(invalid(
            "a file",
            "it begins as UTF-16 and does not go on as that",
        )),
    }
}

fn yaml(text: &str) -> Result<Value> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_MAX,
            max_nodes: NODES_MAX,
            max_events: NODES_MAX * 2,
            max_aliases: ALIASES_MAX,
            max_anchors: ALIASES_MAX,
            max_documents: 1,
            max_total_scalar_bytes: text.len().saturating_mul(2).max(1024),
            max_merge_keys: ALIASES_MAX,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: ALIASED_EVENTS_MAX,
        },
        with_snippet: false,
    };
    let read: Value = serde_saphyr::from_str_with_options(text, options)
        .map_err(|error| invalid("YAML", &crate::redact::server_text(&error.to_string(), 300)))?;
    if !read.is_object() {
        return Err(invalid(
            "a file",
            "it is neither JSON nor YAML with names and values",
        ));
    }
    Ok(read)
}
