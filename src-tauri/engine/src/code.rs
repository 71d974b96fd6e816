//! A request as code of another language, runnable as it stands. What is secret is not in it: the code reads it from its
//! environment, and a comment says where it goes.

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Failure, Result};
use crate::exchange::body::{Body, Part};
use crate::exchange::draft::Draft;
use crate::origin::parse_url;
use crate::redact;
use crate::workspace::Workspace;

/// A language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// A line of cURL for a POSIX shell.
    Curl,
    /// JavaScript with `fetch`.
    Javascript,
    /// Python with `requests`.
    Python,
    /// Rust with `reqwest` and `tokio`.
    Rust,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Curl, Self::Javascript, Self::Python, Self::Rust];

    fn template(self) -> &'static str {
        match self {
            Self::Curl => include_str!("code/templates/curl.sh.txt"),
            Self::Javascript => include_str!("code/templates/fetch.mjs.txt"),
            Self::Python => include_str!("code/templates/requests.py.txt"),
            Self::Rust => include_str!("code/templates/reqwest.rs.txt"),
        }
    }
}

/// What a template is filled with.
#[derive(Serialize)]
struct Parts {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    secrets: Vec<Secret>,
    body: Option<String>,
    /// The file that is the body.
    file: Option<String>,
    /// The parts of a form.
    parts: Vec<FormPart>,
    /// The headers say what the body is.
    typed: bool,
    session: Option<String>,
}

/// One part of a form: a text, or a file.
#[derive(Serialize)]
struct FormPart {
    name: String,
    text: Option<String>,
    path: String,
    /// What the server is told that the file is called.
    file_name: String,
    media_type: String,
}

impl From<Part> for FormPart {
    fn from(part: Part) -> Self {
        match part {
            Part::Text { name, text } => Self {
                name,
                text: Some(text),
                path: String::new(),
                file_name: String::new(),
                media_type: String::new(),
            },
            Part::File {
                name,
                path,
                file_name,
                media_type,
            } => {
                let own_name = path.file_name().unwrap_or_default().to_string_lossy();
                Self {
                    name,
                    text: None,
                    file_name: file_name.unwrap_or_else(|| own_name.into_owned()),
                    path: path.to_string_lossy().into_owned(),
                    media_type: media_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
                }
            }
        }
    }
}

/// A header whose value the code reads from its environment.
#[derive(Serialize)]
struct Secret {
    name: String,
    /// What stands before the secret: `Bearer `.
    before: &'static str,
    variable: String,
}

/// Writes a request as code. Its variables are filled; of those that are secret only the names are.
///
/// # Errors
/// `variable.unknown`, `variable.misplaced`, `url.invalid`.
pub fn write(draft: Draft, workspace: &Workspace, language: Language) -> Result<String> {
    let named = |name: &String| (name.clone(), format!("SECRET-{name}").into());
    let placeholders = workspace.variables.secrets.iter().map(named).collect();
    let draft = draft.filled(&workspace.variables, &placeholders)?;
    let url = redact::url(&parse_url(&draft.url)?);
    let (mut body, mut file, mut parts, mut media_type) = (None, None, Vec::new(), None);
    match draft.body {
        None => {}
        Some(Body::Text(text)) => body = Some(text).filter(|text| !text.is_empty()),
        Some(Body::File {
            path,
            media_type: named,
        }) => {
            file = Some(path.to_string_lossy().into_owned());
            media_type = named;
        }
        Some(Body::Multipart { parts: all }) => {
            parts = all.into_iter().map(FormPart::from).collect();
        }
    }
    let mut secrets: Vec<Secret> = Vec::new();
    if draft.session.is_some() {
        secrets.push(Secret {
            name: "Authorization".to_owned(),
            before: "Bearer ",
            variable: "TOKEN".to_owned(),
        });
    }
    let mut headers = Vec::new();
    for (name, value) in draft.headers {
        let is_authorization = name.eq_ignore_ascii_case("authorization");
        if is_authorization && draft.session.is_some() {
            continue;
        }
        if redact::is_secret_name(&name) || name.eq_ignore_ascii_case("cookie") {
            let variable = name
                .to_ascii_uppercase()
                .replace(|char: char| !char.is_ascii_alphanumeric(), "_");
            secrets.push(Secret {
                name,
                before: "",
                variable,
            });
        } else if parts.is_empty() || !name.eq_ignore_ascii_case("content-type") {
            // The type of a form is the sender's, since the boundary is.
            headers.push((name, value));
        }
    }
    let is_typed = |headers: &[(String, String)]| {
        headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
    };
    if let Some(media_type) = media_type.filter(|_| !is_typed(&headers)) {
        headers.push(("Content-Type".to_owned(), media_type));
    }
    let typed = is_typed(&headers);
    let session = draft.session.map(|name| redact::server_text(&name, 64));
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build();
    environment.set_syntax(syntax.map_err(unwritten)?);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.add_filter("sh", |text: String| {
        format!("'{}'", text.replace('\'', r"'\''"))
    });
    environment.add_filter("text", |text: String| {
        serde_json::Value::String(text).to_string()
    });
    environment.add_filter("rust", |text: String| format!("{text:?}"));
    environment
        .render_str(
            language.template(),
            Value::from(Serde(Parts {
                method: draft.method,
                url,
                headers,
                secrets,
                body,
                file,
                parts,
                typed,
                session,
            })),
        )
        .map_err(unwritten)
}

fn unwritten(error: minijinja::Error) -> Failure {
    Failure::new(Code::SystemUnavailable).with("detail", error)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::process::Command;

    use super::*;

    fn workspace() -> Workspace {
        let mut workspace = Workspace::in_memory("Shop", "shop", Vec::new(), Vec::new());
        workspace
            .variables
            .values
            .insert("size".to_owned(), "5".to_owned());
        workspace.variables.secrets.insert("pin".to_owned());
        workspace
    }

    fn draft(url: String) -> Draft {
        Draft {
            method: "POST".to_owned(),
            url,
            headers: vec![
                ("Content-Type".to_owned(), "application/json".to_owned()),
                (
                    "X-Odd".to_owned(),
                    "it's \"$HOME\" `id` \\ {{size}}".to_owned(),
                ),
                ("X-Api-Key".to_owned(), "CANARY-header".to_owned()),
            ],
            body: Some(Body::Text(
                "{\"a\": \"it's $(id) ü\", \"pin\": \"{{pin}}\"}".to_owned(),
            )),
            session: Some("main".to_owned()),
            allow_without_token: false,
            follow_redirects: true,
            time_limit_ms: None,
        }
    }

    #[test]
    fn no_secret_is_in_the_code() {
        for language in Language::ALL {
            let url = "https://shop.test/x?access_token=CANARY-query&a=1".to_owned();
            let code = write(draft(url), &workspace(), language).expect("code");
            assert!(!code.contains("CANARY"), "{code}");
            assert!(
                code.contains("session main")
                    && code.contains("TOKEN")
                    && code.contains("SECRET-pin"),
                "{code}"
            );
        }
    }

    /// Runs code of each language that is on this machine, and looks at what arrives.
    #[test]
    fn code_runs_as_it_is_shown_and_sends_the_request() {
        // Rust is compiled, and run by a test of its own: `tests/engine/code.rs`.
        for (language, program, ending, there) in [
            (Language::Curl, "sh", "sh", ["-c", "curl --version"]),
            (Language::Javascript, "node", "mjs", ["-e", ""]),
            (Language::Python, "python3", "py", ["-c", "import requests"]),
        ] {
            let there = Command::new(program).args(there).output();
            if !there.is_ok_and(|output| output.status.success()) {
                continue;
            }
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let url = format!(
                "http://{}/orders?a=1&b=[2]",
                listener.local_addr().expect("an address")
            );
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("a request");
                stream
                    .set_read_timeout(Some(std::time::Duration::from_secs(20)))
                    .expect("a limit");
                let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
                while !seen.ends_with(b"}") {
                    let read = stream.read(&mut piece).expect("the rest");
                    assert!(read > 0, "it ended early");
                    seen.extend_from_slice(&piece[..read]);
                }
                stream
                    .write_all(
                        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
                    )
                    .expect("an answer");
                String::from_utf8(seen).expect("text")
            });
            let code = write(draft(url), &workspace(), language).expect("code");
            let folder = tempfile::tempdir().expect("a folder");
            let file = folder.path().join(format!("code.{ending}"));
            std::fs::write(&file, &code).expect("a file");
            let mut command = Command::new(program);
            command
                .arg(&file)
                .env("TOKEN", "t-1")
                .env("X_API_KEY", "k-1")
                .env("NO_PROXY", "127.0.0.1");
            let ran = command.output().expect("it runs");
            assert!(
                ran.status.success(),
                "{code}\n{}",
                String::from_utf8_lossy(&ran.stderr)
            );
            assert!(
                String::from_utf8_lossy(&ran.stdout).contains("hi"),
                "{code}\n{ran:?}"
            );
            let seen = server.join().expect("it was asked");
            let lower = seen.to_lowercase();
            assert!(
                seen.starts_with("POST /orders?a=1&b=") && seen.contains("t-1"),
                "{language:?}: {seen}"
            );
            assert!(
                lower.contains("authorization: bearer t-1\r\n"),
                "{language:?}: {seen}"
            );
            assert!(lower.contains("x-api-key: k-1\r\n"), "{language:?}: {seen}");
            assert!(
                lower.contains("content-type: application/json\r\n"),
                "{language:?}: {seen}"
            );
            assert!(
                seen.contains("it's \"$HOME\" `id` \\ 5\r\n"),
                "{language:?}: {seen}"
            );
            assert!(
                seen.ends_with("{\"a\": \"it's $(id) ü\", \"pin\": \"SECRET-pin\"}"),
                "{language:?}: {seen}"
            );
        }
    }

    /// What each language sends of this body. `None`: it is not on this machine.
    fn sent(language: Language, program: &str, ending: &str, body: Body) -> Option<String> {
        let check = match language {
            Language::Javascript => ["-e", ""],
            Language::Python => ["-c", "import requests"],
            _ => ["-c", "curl --version"],
        };
        let there = Command::new(program).args(check).output();
        if !there.is_ok_and(|output| output.status.success()) {
            return None;
        }
        let is_form = matches!(body, Body::Multipart { .. });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a request");
            stream
                .set_read_timeout(Some(std::time::Duration::from_secs(20)))
                .expect("a limit");
            let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
            // The end of the file, or of the form's last boundary; a body in chunks ends with one of no length.
            let is_over = |seen: &[u8]| {
                let seen = String::from_utf8_lossy(seen);
                let whole = seen.strip_suffix("0\r\n\r\n").unwrap_or(&seen);
                match is_form {
                    true => whole.trim_end().ends_with("--"),
                    false => whole.ends_with("the end"),
                }
            };
            while !is_over(&seen) {
                let read = stream.read(&mut piece).expect("the rest");
                assert!(
                    read > 0,
                    "it ended early: {}",
                    String::from_utf8_lossy(&seen)
                );
                seen.extend_from_slice(&piece[..read]);
            }
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
                .expect("an answer");
            String::from_utf8_lossy(&seen).into_owned()
        });
        let draft = Draft {
            headers: Vec::new(),
            session: None,
            body: Some(body),
            ..draft(format!("http://{address}/upload"))
        };
        let code = write(draft, &workspace(), language).expect("code");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(format!("code.{ending}"));
        std::fs::write(&file, &code).expect("a file");
        let ran = Command::new(program)
            .arg(&file)
            .env("NO_PROXY", "127.0.0.1")
            .output()
            .expect("it runs");
        assert!(ran.status.success(), "{code}\n{ran:?}");
        Some(server.join().expect("it was asked"))
    }

    #[test]
    fn files_and_forms_are_sent_as_they_are_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("it's a file.txt");
        std::fs::write(&path, "content of it, to the end").expect("a file");
        for (language, program, ending) in [
            (Language::Curl, "sh", "sh"),
            (Language::Javascript, "node", "mjs"),
            (Language::Python, "python3", "py"),
        ] {
            let body = Body::File {
                path: path.clone(),
                media_type: Some("text/csv".to_owned()),
            };
            if let Some(seen) = sent(language, program, ending, body) {
                assert!(
                    seen.to_lowercase().contains("content-type: text/csv\r\n"),
                    "{language:?}: {seen}"
                );
                assert!(
                    seen.ends_with("\r\n\r\ncontent of it, to the end"),
                    "{language:?}: {seen}"
                );
            }
            let parts = vec![
                Part::Text {
                    name: "note".to_owned(),
                    text: "@it's; \"one\"".to_owned(),
                },
                Part::File {
                    name: "file".to_owned(),
                    path: path.clone(),
                    file_name: Some("cat.txt".to_owned()),
                    media_type: Some("text/plain".to_owned()),
                },
            ];
            if let Some(seen) = sent(language, program, ending, Body::Multipart { parts }) {
                for wanted in [
                    "multipart/form-data; boundary=",
                    "name=\"note\"\r\n",
                    "\r\n\r\n@it's; \"one\"\r\n",
                    "filename=\"cat.txt\"",
                    "text/plain",
                    "content of it, to the end",
                ] {
                    assert!(seen.contains(wanted), "{language:?}: {wanted}: {seen}");
                }
            }
        }
    }
}
