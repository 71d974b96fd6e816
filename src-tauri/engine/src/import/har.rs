//! HAR 1.2: what a browser or a proxy has recorded, one request an entry. Answers and cookies are not taken over.

use serde_json::Value;

use super::collector::Collector;
use super::fields::{items, scalar, text};
use super::imported::{Imported, ImportedRequest};
use super::invalid;
use super::left_out::WhyLeftOut;
use super::postman::form;
use super::template::literal;
use crate::error::Result;

/// Headers that a browser writes by itself for every request.
const OF_A_BROWSER: [&str; 6] = [
    "accept-encoding",
    "accept-language",
    "dnt",
    "pragma",
    "priority",
    "user-agent",
];

/// Reads a recording.
///
/// # Errors
/// `import.invalid` for another version; as [`Collector::request`].
pub(super) fn read(root: &Value, mut collector: Collector<'_>) -> Result<Imported> {
    let log = root.get("log").unwrap_or(&Value::Null);
    let version = log.get("version").and_then(scalar).unwrap_or_default();
    if !version.is_empty() && !version.starts_with("1.") {
        let shown = crate::redact::server_text(&version, 20);
        return Err(invalid(
            "HAR",
            &format!("version {shown:?} is not known; 1.2 is"),
        ));
    }
    collector.called("HAR 1.2", "");
    let mut answers = 0;
    for entry in items(log, "entries") {
        let Some(request) = entry.get("request") else {
            collector.leave("", "an entry without a request", WhyLeftOut::Malformed);
            continue;
        };
        answers += usize::from(entry.get("response").is_some());
        read_request(request, &mut collector)?;
    }
    if answers > 0 {
        collector.leave("", format!("answers: {answers}"), WhyLeftOut::Documentation);
    }
    collector.finish()
}

fn read_request(request: &Value, collector: &mut Collector<'_>) -> Result<()> {
    let (method, address) = (text(request, "method"), text(request, "url"));
    let parsed = url::Url::parse(address).ok();
    let path = parsed.as_ref().map_or(address, url::Url::path);
    let at = format!("{method} {path}");
    if parsed
        .as_ref()
        .is_some_and(|url| !matches!(url.scheme(), "http" | "https"))
    {
        collector.leave("", &at, WhyLeftOut::NotSupported);
        return Ok(());
    }
    let mut made = ImportedRequest {
        key: at.clone(),
        folders: parsed
            .as_ref()
            .and_then(|url| url.host_str())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        name: crate::redact::server_text(&at, 80),
        method: method.to_owned(),
        url: literal(address),
        ..ImportedRequest::default()
    };
    for header in items(request, "headers") {
        let (name, value) = (text(header, "name"), text(header, "value"));
        let lower = name.to_ascii_lowercase();
        if lower.starts_with("sec-") || OF_A_BROWSER.contains(&lower.as_str()) {
            continue;
        }
        made.headers.push((name.to_owned(), literal(value)));
    }
    if let Some(data) = request.get("postData").filter(|data| data.is_object()) {
        let media_type = text(data, "mimeType");
        let params = items(data, "params");
        if media_type.starts_with("multipart/") {
            collector.leave(&at, "body as multipart/form-data", WhyLeftOut::NotSupported);
            made.headers
                .retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
        } else if !text(data, "text").is_empty() {
            made.body = Some(literal(text(data, "text")));
        } else if !params.is_empty() {
            let pairs: Vec<(String, String)> = params
                .iter()
                .map(|pair| (text(pair, "name").to_owned(), literal(text(pair, "value"))))
                .collect();
            made.body = Some(form(&pairs));
        }
        if made.body.is_some() && !media_type.is_empty() {
            super::postman::typed(&mut made, media_type);
        }
    }
    collector.request(&at, made)
}
