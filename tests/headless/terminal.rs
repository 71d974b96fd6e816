//! What is asked for at a terminal: a real one, as `script` of util-linux makes it, with its own echo.

use std::io::{Read as _, Write as _};
use std::process::{Child, ChildStdin, Command};
use std::sync::{Arc, Mutex, PoisonError};

use sandglass_demo::{DEMO_PASSWORD, DEMO_USER};
use tests_engine::peer::Place;
use tests_engine::quick;

use crate::program::{ended, path, run, start, until};

/// A shell at a terminal of its own.
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    /// What the screen has shown so far.
    screen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Runs these lines of a shell there; `sandglass` in them is the program, at this place.
    fn start(place: &Place, lines: &str) -> Self {
        let program = format!(
            "sandglass() {{ '{}' --workspace '{}' --data-dir '{}' \"$@\"; }}\n{lines}",
            path().display(),
            place.workspace.display(),
            place.data.display()
        );
        let mut command: Command = place.command("script");
        command
            .env("SHELL", "/bin/sh")
            .args(["--quiet", "--return", "--flush", "--command", &program])
            .arg("/dev/null");
        let mut child = start(&mut command);
        let keyboard = child.stdin.take().expect("it is piped");
        let mut output = child.stdout.take().expect("it is piped");
        let screen = Arc::<Mutex<String>>::default();
        let shown = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..length]);
                let mut screen = shown.lock().unwrap_or_else(PoisonError::into_inner);
                screen.push_str(&text);
            }
        });
        Self {
            child,
            keyboard,
            screen,
        }
    }

    fn shown(&self) -> String {
        let screen = self.screen.lock().unwrap_or_else(PoisonError::into_inner);
        screen.clone()
    }

    /// Waits until the screen shows this, and types.
    fn after(&mut self, shown: &str, typed: &str) {
        until(shown, || self.shown().contains(shown));
        self.keyboard
            .write_all(typed.as_bytes())
            .expect("somebody reads");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_as_a_password_is_not_shown_and_signs_in() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        let mut terminal = Terminal::start(
            &place,
            "sandglass login demo; echo \"code $?\"; stty -a; printf 'the %s' end",
        );
        terminal.after("User name: ", &format!("{DEMO_USER}\n"));
        terminal.after("Password: ", &format!("{DEMO_PASSWORD}\n"));
        until("the end", || terminal.shown().contains("the end"));
        let shown = terminal.shown();
        assert!(shown.contains("signed in to demo"), "{shown}");
        assert!(shown.contains("code 0"), "{shown}");
        assert!(shown.contains(DEMO_USER), "the name is no secret: {shown}");
        assert!(!shown.contains(DEMO_PASSWORD), "{shown}");
        assert!(
            shown.contains(" echo "),
            "the terminal echoes again: {shown}"
        );
        assert_eq!(ended(&mut terminal.child).code(), Some(0));
        assert_eq!(run(&place, &["send", "list-orders"]).code, Some(0));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_interrupted_gives_the_terminal_back() {
    let place = Place::new(quick()).await;
    tokio::task::block_in_place(|| {
        // The shell must outlive the key that the program is ended by.
        let lines = "trap : INT; sandglass login demo --username ada; echo \"code $?\"; stty -a; printf 'the %s' end";
        let mut terminal = Terminal::start(&place, lines);
        terminal.after("Password: ", "half a pass\u{3}");
        until("the end", || terminal.shown().contains("the end"));
        let shown = terminal.shown();
        assert!(shown.contains("code 130"), "{shown}");
        assert!(
            shown.contains(" echo "),
            "the terminal echoes again: {shown}"
        );
        assert!(!shown.contains("half a pass"), "{shown}");
    });
}
