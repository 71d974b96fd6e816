//! Asks for what must not be seen: without an echo at a terminal, else line by line from stdin. It is never an argument.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::exit::{Exit, Stop};

/// Longest input that is read from stdin, in bytes.
const INPUT_BYTES_MAX: u64 = 256 * 1024;

/// One question.
pub(super) struct Question {
    pub(super) what: &'static str,
    pub(super) secret: bool,
}

/// Asks these in order. Blocks.
///
/// # Errors
/// Where there is no answer to one.
pub(super) fn ask(questions: &[Question]) -> Result<VecDeque<SecretString>, Stop> {
    if io::stdin().is_terminal() {
        questions.iter().map(at_terminal).collect()
    } else {
        from_stdin(questions)
    }
}

fn at_terminal(question: &Question) -> Result<SecretString, Stop> {
    let unread = |error: io::Error| {
        Stop::new(
            Exit::Usage,
            format!("{} cannot be read: {error}", question.what),
        )
    };
    let answer = if question.secret {
        Zeroizing::new(rpassword::prompt_password(format!("{}: ", question.what)).map_err(unread)?)
    } else {
        let mut answer = Zeroizing::new(String::new());
        let mut out = io::stderr().lock();
        write!(out, "{}: ", question.what)
            .and_then(|()| out.flush())
            .map_err(unread)?;
        io::stdin().lock().read_line(&mut answer).map_err(unread)?;
        answer
    };
    given(question, answer.trim_end_matches(['\r', '\n']))
}

/// What is typed or piped from now on, line by line. Blocks.
pub(super) fn lines() -> impl Iterator<Item = SecretString> {
    std::iter::from_fn(|| {
        let mut line = Zeroizing::new(String::new());
        let read = io::stdin()
            .lock()
            .take(INPUT_BYTES_MAX)
            .read_line(&mut line);
        read.ok().filter(|count| *count > 0)?;
        Some(line.trim().into())
    })
    .filter(|line: &SecretString| !line.expose_secret().is_empty())
}

/// One line each; the last one is all that is left, since a key in PEM has several.
fn from_stdin(questions: &[Question]) -> Result<VecDeque<SecretString>, Stop> {
    let mut input = Zeroizing::new(String::new());
    io::stdin()
        .lock()
        .take(INPUT_BYTES_MAX)
        .read_to_string(&mut input)
        .map_err(|error| Stop::new(Exit::Usage, format!("stdin cannot be read: {error}")))?;
    answers(questions, &input)
}

fn answers(questions: &[Question], input: &str) -> Result<VecDeque<SecretString>, Stop> {
    let mut parts = input.splitn(questions.len().max(1), '\n');
    questions
        .iter()
        .map(|question| {
            given(
                question,
                parts
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches(['\r', '\n']),
            )
        })
        .collect()
}

fn given(question: &Question, answer: &str) -> Result<SecretString, Stop> {
    if answer.is_empty() {
        let why = format!(
            "{} is missing: type it at a terminal, or give it on a line of stdin",
            question.what
        );
        return Err(Stop::new(Exit::Usage, why));
    }
    Ok(answer.into())
}

/// The terminal as it was, for when somebody interrupts a question whose answer is not echoed.
#[cfg(unix)]
pub(super) struct Echo(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl Echo {
    pub(super) fn remember() -> Self {
        Self(rustix::termios::tcgetattr(io::stdin()).ok())
    }

    pub(super) fn restore(&self) {
        if let Some(before) = &self.0 {
            // Where that fails, the terminal is gone.
            let _ = rustix::termios::tcsetattr(
                io::stdin(),
                rustix::termios::OptionalActions::Now,
                before,
            );
        }
    }
}

/// Where the system itself restores a console.
#[cfg(not(unix))]
pub(super) struct Echo;

#[cfg(not(unix))]
impl Echo {
    pub(super) fn remember() -> Self {
        Self
    }

    pub(super) fn restore(&self) {}
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn stdin_answers_in_order_and_the_last_question_takes_what_is_left() {
        let questions = [
            Question {
                what: "User name",
                secret: false,
            },
            Question {
                what: "Private key",
                secret: true,
            },
        ];
        for (input, expected) in [
            ("ada\nhourglass\n", Some("hourglass")),
            ("ada\r\nhourglass", Some("hourglass")),
            (
                "ada\n-----BEGIN\nabc\n-----END\n",
                Some("-----BEGIN\nabc\n-----END"),
            ),
            ("ada\n", None),
            ("", None),
        ] {
            let read = answers(&questions, input).ok();
            let last = read.as_ref().map(|answers| answers[1].expose_secret());
            assert_eq!(last, expected, "{input:?}");
        }
    }
}
