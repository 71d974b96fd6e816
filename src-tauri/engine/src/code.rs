//! A request as code of another language, runnable as it stands. What is secret is not in it: the code reads it from its
//! environment, and a comment says where it goes.

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Failure, Result};
use crate::exchange::body::Body;
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
    /// The headers say what the body is.
    typed: bool,
    session: Option<String>,
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
/// `variable.unknown`, `variable.misplaced`, `url.invalid`; `body.invalid` where the body is no text.
pub fn write(draft: Draft, workspace: &Workspace, language: Language) -> Result<String> {
    let named = |name: &String| (name.clone(), format!("SECRET-{name}").into());
    let placeholders = workspace.variables.secrets.iter().map(named).collect();
    let draft = draft.filled(&workspace.variables, &placeholders)?;
    let url = redact::url(&parse_url(&draft.url)?);
    let body = match draft.body {
        None => None,
        Some(Body::Text(text)) => Some(text).filter(|text| !text.is_empty()),
        Some(Body::File { .. } | Body::Multipart { .. }) => {
            let detail = "only a body of text can be written as code yet";
            return Err(Failure::new(Code::BodyInvalid).with("detail", detail));
        }
    };
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
        } else {
            headers.push((name, value));
        }
    }
    let typed = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
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
}
