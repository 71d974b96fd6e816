//! A cURL command line as a draft, and everything on it that is not taken over, item by item.
//!
//! The options are those of curl's manual. What matters to the request is taken; what only matters to a terminal is
//! passed over; whatever would read a file, loosen security, or be filled in by a shell is left out and listed. A line
//! is data here: nothing is run, no file is opened, no variable is looked up.

mod options;
mod shell;

use serde::Serialize;
use url::form_urlencoded;

use self::options::{Meaning, Opt};
use self::shell::Line;
use super::left_out::{LeftOut, WhyLeftOut};
use crate::error::{Code, Failure, Result};
use crate::exchange::body::Body;
use crate::exchange::draft::Draft;

/// Longest line that is read, in bytes.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// What came of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
pub struct FromCurl {
    /// The request. It belongs to no session: which token may go with it is the user's to say.
    pub draft: Draft,
    /// What was not taken over, in the order of the line.
    pub left_out: Vec<LeftOut>,
}

/// Reads a line as a shell would take it apart, and as curl would understand it.
///
/// # Errors
/// `import.invalid` where it is no cURL line, has no address, or a quote is never closed.
pub fn read(text: &str) -> Result<FromCurl> {
    if text.len() > LINE_BYTES_MAX {
        return Err(invalid(&format!(
            "it has {} bytes, and at most {LINE_BYTES_MAX} are read",
            text.len()
        )));
    }
    let Line { words, left_over } = shell::split(text).map_err(invalid)?;
    let mut words = words.into_iter();
    let program = words.next().unwrap_or_default();
    if !is_curl(&program) {
        return Err(invalid("it does not begin with curl"));
    }
    let mut request = Request::default();
    request.take(words);
    request.left_out.extend(
        left_over
            .into_iter()
            .map(|what| LeftOut::new("", what, WhyLeftOut::Shell)),
    );
    request.finish()
}

/// By its name, wherever it is installed. An address whose path ends so is none.
fn is_curl(program: &str) -> bool {
    if program.contains("://") {
        return false;
    }
    let name = program.rsplit(['/', '\\']).next().unwrap_or_default();
    name == "curl" || name.eq_ignore_ascii_case("curl.exe")
}

fn invalid(detail: &str) -> Failure {
    Failure::new(Code::ImportInvalid)
        .with("format", "cURL")
        .with("detail", detail)
}

/// The request as the options add up.
#[derive(Default)]
struct Request {
    method: Option<String>,
    url: Option<String>,
    headers: Vec<(String, String)>,
    cookies: Vec<String>,
    /// The pieces of the body, to be joined by `&`.
    data: Vec<String>,
    json: bool,
    in_query: bool,
    head: bool,
    left_out: Vec<LeftOut>,
}

impl Request {
    fn take(&mut self, mut words: impl Iterator<Item = String>) {
        let mut only_addresses = false;
        while let Some(word) = words.next() {
            if only_addresses || word == "-" || !word.starts_with('-') {
                self.address(word);
            } else if word == "--" {
                only_addresses = true;
            } else if word == "--next" || word == "-:" {
                self.leave(&word, WhyLeftOut::SecondRequest);
                return;
            } else if let Some(name) = word.strip_prefix("--") {
                match options::long(name) {
                    Some(option) => self.option(option, None, &mut words),
                    None => self.leave(&word, WhyLeftOut::Unknown),
                }
            } else {
                self.short(&word[1..], &mut words);
            }
        }
    }

    /// A group of one-letter options; the first that takes a value takes the rest of the word, or the next one.
    fn short(&mut self, group: &str, words: &mut impl Iterator<Item = String>) {
        let mut rest = group.chars();
        while let Some(letter) = rest.next() {
            match options::short(letter) {
                Some(option) if option.takes_value => {
                    let attached = rest.as_str();
                    let attached = (!attached.is_empty()).then(|| attached.to_owned());
                    self.option(option, attached, words);
                    return;
                }
                Some(option) => self.option(option, None, words),
                None => self.leave(&format!("-{letter}"), WhyLeftOut::Unknown),
            }
        }
    }

    fn option(
        &mut self,
        option: &Opt,
        attached: Option<String>,
        words: &mut impl Iterator<Item = String>,
    ) {
        let value = match (option.takes_value, attached) {
            (false, _) => String::new(),
            (true, Some(value)) => value,
            (true, None) => match words.next() {
                Some(value) => value,
                None => return self.leave(option.long, WhyLeftOut::Unknown),
            },
        };
        match option.meaning {
            Meaning::Method => self.method = Some(value),
            Meaning::Address => self.address(value),
            Meaning::Header => self.header(value),
            Meaning::Named(name) => self.headers.push((name.to_owned(), value)),
            Meaning::Bearer => self
                .headers
                .push(("Authorization".to_owned(), format!("Bearer {value}"))),
            Meaning::User => self
                .headers
                .push(("Authorization".to_owned(), basic(&value))),
            // Without a "=" it names the file of a cookie jar.
            Meaning::Cookie if value.contains('=') => self.cookies.push(value),
            Meaning::Cookie => self.leave(option.long, WhyLeftOut::NamesFile),
            Meaning::Data if value.starts_with('@') => {
                self.leave(option.long, WhyLeftOut::NamesFile)
            }
            Meaning::Data | Meaning::RawData => self.data.push(value),
            Meaning::EncodedData => self.encoded(option, &value),
            Meaning::Json => {
                self.json = true;
                if value.starts_with('@') {
                    self.leave(option.long, WhyLeftOut::NamesFile);
                } else {
                    self.data.push(value);
                }
            }
            Meaning::InQuery => self.in_query = true,
            Meaning::Head => self.head = true,
            Meaning::Nothing => {}
            Meaning::Left(why) => self.leave(option.long, why),
        }
    }

    fn address(&mut self, word: String) {
        if self.url.is_none() {
            self.url = Some(word);
        } else {
            self.leave("URL", WhyLeftOut::SecondRequest);
        }
    }

    fn header(&mut self, line: String) {
        if line.starts_with('@') {
            return self.leave("--header", WhyLeftOut::NamesFile);
        }
        // "Name;" is a header without a value, "Name:" takes one away that curl would have added.
        if let Some((name, value)) = line.split_once(':') {
            if !value.trim().is_empty() {
                self.headers
                    .push((name.trim().to_owned(), value.trim().to_owned()));
            }
        } else if let Some(name) = line.strip_suffix(';') {
            self.headers.push((name.trim().to_owned(), String::new()));
        } else {
            self.leave("--header", WhyLeftOut::Unknown);
        }
    }

    /// `content`, `=content` or `name=content`, where the content is encoded and the name is not.
    fn encoded(&mut self, option: &Opt, value: &str) {
        let encode =
            |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        match value.split_once('=') {
            _ if names_file(value) => self.leave(option.long, WhyLeftOut::NamesFile),
            Some(("", content)) => self.data.push(encode(content)),
            Some((name, content)) => self.data.push(format!("{name}={}", encode(content))),
            None => self.data.push(encode(value)),
        }
    }

    fn leave(&mut self, what: &str, why: WhyLeftOut) {
        self.left_out.push(LeftOut::new("", what, why));
    }

    fn finish(mut self) -> Result<FromCurl> {
        let mut url = self
            .url
            .take()
            .ok_or_else(|| invalid("it names no address"))?;
        if !url.contains("://") {
            // curl's own guess.
            url.insert_str(0, "http://");
        }
        if !self.cookies.is_empty() {
            self.headers
                .push(("Cookie".to_owned(), self.cookies.join("; ")));
        }
        let data =
            (!self.data.is_empty()).then(|| self.data.join(if self.json { "" } else { "&" }));
        let (data, in_query) = match data {
            Some(data) if self.in_query => (None, Some(data)),
            data => (data, None),
        };
        if let Some(query) = in_query {
            let (address, fragment) = match url.split_once('#') {
                Some((address, fragment)) => (address.to_owned(), format!("#{fragment}")),
                None => (url.clone(), String::new()),
            };
            let glue = if address.contains('?') { '&' } else { '?' };
            url = format!("{address}{glue}{query}{fragment}");
        }
        if data.is_some() {
            let media_type = if self.json {
                "application/json"
            } else {
                "application/x-www-form-urlencoded"
            };
            self.unless_named("Content-Type", media_type);
            if self.json {
                self.unless_named("Accept", "application/json");
            }
        }
        let usual = match (self.head, &data) {
            (true, _) => "HEAD",
            (false, Some(_)) => "POST",
            (false, None) => "GET",
        };
        Ok(FromCurl {
            draft: Draft {
                method: self.method.unwrap_or_else(|| usual.to_owned()),
                url,
                headers: self.headers,
                body: data.map(Body::Text),
                session: None,
                allow_without_token: false,
                follow_redirects: true,
                time_limit_ms: None,
            },
            left_out: self.left_out,
        })
    }

    fn unless_named(&mut self, name: &str, value: &str) {
        if !self
            .headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
        {
            self.headers.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// Whether the value of `--data-urlencode` is `@file` or `name@file`: an `@` that no `=` precedes.
fn names_file(value: &str) -> bool {
    value
        .split_once('@')
        .is_some_and(|(before, _)| !before.contains('='))
}

/// RFC 7617. curl asks for a password that is not there; here it is empty.
fn basic(user: &str) -> String {
    use base64::Engine as _;
    let pair = if user.contains(':') {
        user.to_owned()
    } else {
        format!("{user}:")
    };
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}

#[cfg(test)]
mod tests;
