//! What every format hands its findings to: one place that counts, bounds, and keeps secrets out.

use std::collections::{HashMap, HashSet};

use url::Url;

use super::imported::{
    ENVIRONMENTS_MAX, Imported, ImportedRequest, ImportedSession, ImportedVariables, REQUESTS_MAX,
    SESSIONS_MAX, VARIABLES_MAX,
};
use super::invalid;
use super::left_out::{LEFT_OUT_MAX, LeftOut, WhyLeftOut};
use super::source::Watch;
use super::template::{convert, slug, variable};
use crate::error::Result;
use crate::redact::{is_secret_name, is_secret_parameter};
use crate::workspace::fill::names;

/// Headers that a connection brings itself (RFC 9110 §7.6.1, RFC 9113 §8.3).
const CONNECTION_HEADERS: [&str; 6] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "te",
    "transfer-encoding",
];

/// Longest body of a request that is written into a file, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The findings so far.
pub(super) struct Collector<'w> {
    watch: &'w Watch,
    imported: Imported,
    keys: HashMap<String, usize>,
    variables: usize,
    /// What is about the whole file and was listed already.
    told: HashSet<String>,
    /// Items that were not listed any more.
    unlisted: usize,
}

impl<'w> Collector<'w> {
    /// Nothing yet, of a file of this name.
    pub(super) fn new(file: &str, watch: &'w Watch) -> Self {
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let name = if stem.trim().is_empty() {
            "Imported"
        } else {
            stem
        };
        Self {
            watch,
            imported: Imported {
                name: name.to_owned(),
                ..Imported::default()
            },
            keys: HashMap::new(),
            variables: 0,
            told: HashSet::new(),
            unlisted: 0,
        }
    }

    /// The format, and what the file calls itself.
    pub(super) fn called(&mut self, format: impl Into<String>, name: &str) {
        self.imported.format = format.into();
        if !name.trim().is_empty() {
            self.imported.name = crate::redact::server_text(name.trim(), 80);
        }
    }

    /// A name for a variable of this import's own.
    pub(super) fn own_variable(&self, name: &str) -> String {
        let own = format!("{}_{}", slug(&self.imported.name), slug(name));
        own.chars().take(64).collect()
    }

    /// Lists something that is not taken over.
    pub(super) fn leave(&mut self, at: &str, what: impl AsRef<str>, why: WhyLeftOut) {
        self.list(LeftOut::new(at, what, why));
    }

    /// Lists something that is about the whole file, once.
    pub(super) fn leave_once(&mut self, what: String, why: WhyLeftOut) {
        if self.told.insert(what.clone()) {
            self.leave("", what, why);
        }
    }

    /// What the file calls itself.
    pub(super) fn name(&self) -> &str {
        &self.imported.name
    }

    /// Lists a script with its text.
    pub(super) fn script(&mut self, at: &str, what: &str, text: &str) {
        if !text.trim().is_empty() {
            self.list(LeftOut::script(at, what, text));
        }
    }

    fn list(&mut self, item: LeftOut) {
        if self.imported.left_out.len() < LEFT_OUT_MAX {
            self.imported.left_out.push(item);
        } else {
            self.unlisted += 1;
        }
    }

    /// A text with our variables; what cannot be one is listed.
    pub(super) fn convert(&mut self, at: &str, text: &str) -> String {
        if !text.contains("{{") && !text.contains("{%") {
            return text.to_owned();
        }
        let converted = convert(text);
        for left in converted.left {
            self.leave(at, left, WhyLeftOut::Template);
        }
        converted.text
    }

    /// A variable of the workspace, or of an environment. What is secret by its name has no value in a file.
    pub(super) fn variable(&mut self, environment: Option<&str>, name: &str, value: &str) {
        let at = environment.unwrap_or_default();
        let Some(own) = variable(name) else {
            return self.leave(at, name, WhyLeftOut::Unknown);
        };
        let is_address = value.contains("://");
        if is_secret_name(&own) && !value.is_empty() && !is_address && !value.contains("{{") {
            self.leave(at, name, WhyLeftOut::Secret);
            return self.secret(environment, &own);
        }
        if value.contains("{{") || value.contains("{%") {
            // A value is never read again (N20): other tools would have filled it.
            self.leave(
                at,
                format!("{name}: a variable inside a variable"),
                WhyLeftOut::Template,
            );
        }
        let value = value.to_owned();
        if let Some(variables) = self.variables_of(environment)
            && !variables.secrets.contains(&own)
        {
            variables.values.insert(own, value);
        }
    }

    /// A variable whose value is in the keychain.
    pub(super) fn secret(&mut self, environment: Option<&str>, name: &str) {
        if let Some(variables) = self.variables_of(environment) {
            variables.values.remove(name);
            variables.secrets.insert(name.to_owned());
        }
    }

    fn variables_of(&mut self, environment: Option<&str>) -> Option<&mut ImportedVariables> {
        self.variables += 1;
        if self.variables > VARIABLES_MAX {
            self.leave(
                "",
                format!("more than {VARIABLES_MAX} variables"),
                WhyLeftOut::TooMany,
            );
            return None;
        }
        let Some(name) = environment else {
            return Some(&mut self.imported.variables);
        };
        let known = self
            .imported
            .environments
            .iter()
            .position(|(known, _)| known == name);
        let index = match known {
            Some(index) => index,
            None if self.imported.environments.len() == ENVIRONMENTS_MAX => {
                self.leave(name, "an environment", WhyLeftOut::TooMany);
                return None;
            }
            None => {
                let new = (name.to_owned(), ImportedVariables::default());
                self.imported.environments.push(new);
                self.imported.environments.len() - 1
            }
        };
        Some(&mut self.imported.environments[index].1)
    }

    /// A session. Answers the name that requests call it by.
    pub(super) fn session(&mut self, session: ImportedSession) -> Option<String> {
        if let Some(known) = self
            .imported
            .sessions
            .iter()
            .find(|known| known.keys == session.keys)
        {
            return Some(known.name.clone());
        }
        if self.imported.sessions.len() == SESSIONS_MAX {
            self.leave(
                "",
                format!("more than {SESSIONS_MAX} sessions"),
                WhyLeftOut::TooMany,
            );
            return None;
        }
        let taken = |name: &str| {
            self.imported
                .sessions
                .iter()
                .any(|known| known.name == name)
        };
        let mut name = session.name.clone();
        let mut number = 2;
        while taken(&name) {
            name = format!("{}-{number}", session.name);
            number += 1;
        }
        self.imported.sessions.push(ImportedSession {
            name: name.clone(),
            ..session
        });
        Some(name)
    }

    /// A request, with what is secret in it replaced by variables.
    ///
    /// # Errors
    /// `import.invalid` beyond [`REQUESTS_MAX`]; `request.stopped`.
    pub(super) fn request(&mut self, at: &str, mut request: ImportedRequest) -> Result<()> {
        self.watch.one_more()?;
        if self.imported.requests.len() == REQUESTS_MAX {
            let detail = format!("it has more than {REQUESTS_MAX} requests");
            return Err(invalid(&self.imported.format, &detail));
        }
        let method = request.method.trim().to_owned();
        if http::Method::from_bytes(method.as_bytes()).is_err() {
            self.leave(at, format!("method {method}"), WhyLeftOut::Malformed);
            return Ok(());
        }
        request.method = method;
        if request.url.trim().is_empty() {
            self.leave(at, "a request without an address", WhyLeftOut::Malformed);
            return Ok(());
        }
        request.url = self.address(at, request.url.trim());
        self.headers(at, &mut request);
        if let Some(body) = request.body.take().filter(|body| !body.is_empty()) {
            if body.len() > BODY_BYTES_MAX {
                self.leave(
                    at,
                    format!("a body of {} bytes", body.len()),
                    WhyLeftOut::TooMany,
                );
            } else {
                request.body = Some(self.body(at, body));
            }
        }
        // Of two with one key the second is told apart by its place.
        let times = self.keys.entry(request.key.clone()).or_insert(0);
        *times += 1;
        if *times > 1 {
            request.key = format!("{} ({times})", request.key);
        }
        self.imported.requests.push(request);
        Ok(())
    }

    /// An address without user info, whose secret parameters are variables.
    fn address(&mut self, at: &str, address: &str) -> String {
        let mut address = address.to_owned();
        if !address.contains("://") && !address.starts_with("{{") {
            // What every other tool does.
            address.insert_str(0, "http://");
        }
        if let Some((scheme, rest)) = address.split_once("://") {
            let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
            if let Some((_, host)) = authority.rsplit_once('@') {
                self.leave(at, "a name or password before the host", WhyLeftOut::Secret);
                address = format!("{scheme}://{host}{}", &rest[authority.len()..]);
            }
        }
        let Some((path, query)) = address.split_once('?') else {
            return address;
        };
        let (query, fragment) = query
            .split_once('#')
            .map_or((query, None), |(query, rest)| (query, Some(rest)));
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| self.pair(at, "query parameter", pair))
            .collect();
        let fragment = fragment.map(|rest| format!("#{rest}")).unwrap_or_default();
        format!("{path}?{}{fragment}", pairs.join("&"))
    }

    /// `name=value`, with a variable in the place of a secret.
    fn pair(&mut self, at: &str, what: &str, pair: &str) -> String {
        let Some((name, value)) = pair.split_once('=') else {
            return pair.to_owned();
        };
        let secret = if what == "field" {
            is_secret_name(name)
        } else {
            is_secret_parameter(name)
        };
        if !secret || value.is_empty() || value.contains("{{") {
            return pair.to_owned();
        }
        let variable = self.hidden(at, what, name);
        format!("{name}={{{{{variable}}}}}")
    }

    /// The variable that takes a secret's place.
    fn hidden(&mut self, at: &str, what: &str, name: &str) -> String {
        let variable = self.own_variable(name);
        self.leave(at, format!("{what} {name}"), WhyLeftOut::Secret);
        self.secret(None, &variable);
        variable
    }

    fn headers(&mut self, at: &str, request: &mut ImportedRequest) {
        let mut kept = Vec::with_capacity(request.headers.len());
        for (name, value) in std::mem::take(&mut request.headers) {
            let lower = name.to_ascii_lowercase();
            if lower.starts_with(':') || CONNECTION_HEADERS.contains(&lower.as_str()) {
                continue;
            }
            if http::HeaderName::from_bytes(name.as_bytes()).is_err()
                || value.contains(['\r', '\n', '\0'])
            {
                self.leave(at, format!("header {name}"), WhyLeftOut::Malformed);
                continue;
            }
            let secret = is_secret_name(&name) || lower == "cookie";
            if secret && names(&value).next().is_none() && !value.is_empty() {
                self.leave(at, format!("header {name}"), WhyLeftOut::Secret);
                continue;
            }
            kept.push((name, value));
        }
        request.headers = kept;
    }

    /// A body whose secret fields are variables: those of JSON, and those of a form.
    fn body(&mut self, at: &str, body: String) -> String {
        let trimmed = body.trim_start();
        if trimmed.starts_with(['{', '[']) {
            return self.json_text(at, &body);
        }
        let is_form =
            !body.contains(char::is_whitespace) && body.contains('=') && !trimmed.starts_with('<');
        if !is_form {
            return body;
        }
        let pairs: Vec<String> = body
            .split('&')
            .map(|pair| self.pair(at, "field", pair))
            .collect();
        pairs.join("&")
    }

    /// JSON, or what is JSON once its variables are filled: the strings of secret fields are variables.
    fn json_text(&mut self, at: &str, body: &str) -> String {
        let mut made = String::with_capacity(body.len());
        let mut rest = body;
        let mut name = "";
        while let Some(start) = rest.find('"') {
            let (between, string) = rest.split_at(start);
            let (string, after) = string.split_at(quoted(string));
            let inner = string.trim_matches('"');
            let is_value = between.trim() == ":";
            let literal = !inner.is_empty() && names(inner).next().is_none();
            made.push_str(between);
            if is_value && literal && is_secret_name(name) {
                let variable = self.hidden(at, "field", name);
                made.push_str(&format!("\"{{{{{variable}}}}}\""));
            } else {
                made.push_str(string);
            }
            name = if is_value { "" } else { inner };
            rest = after;
        }
        made.push_str(rest);
        made
    }

    /// An endpoint that takes secrets: https, or this machine; else it is listed.
    pub(super) fn endpoint(&mut self, at: &str, what: &str, address: &str) -> Option<String> {
        let address = self.convert(at, address.trim());
        // With a variable in it, only the file's reader can tell.
        let good = names(&address).next().is_some()
            || crate::origin::parse_url(&address)
                .is_ok_and(|url: Url| !crate::origin::Origin::of(&url).is_cleartext());
        if !good {
            self.leave(at, what, WhyLeftOut::UnusableAddress);
        }
        good.then_some(address)
    }

    /// Everything that was found.
    ///
    /// # Errors
    /// `import.invalid` where there is nothing in it.
    pub(super) fn finish(mut self) -> Result<Imported> {
        self.watch.check()?;
        let all = &self.imported;
        if all.requests.is_empty()
            && all.sessions.is_empty()
            && all.environments.is_empty()
            && all.variables == ImportedVariables::default()
        {
            return Err(invalid(
                &all.format,
                "there is nothing in it that could be imported",
            ));
        }
        if self.unlisted > 0 {
            let more = format!("{} more items", self.unlisted);
            self.imported
                .left_out
                .push(LeftOut::new("", more, WhyLeftOut::TooMany));
        }
        Ok(self.imported)
    }
}

/// The length of the string that a JSON text begins with, with its quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
