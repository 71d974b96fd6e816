//! The program without a window at a certified provider: signed in with an address that is pasted back, and as a service;
//! each through an expiry.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tests_desktop::programs;
use url::Url;
use xtask::desk::{Desk, Keychain};

use crate::browser;
use crate::provider::Provider;

const SESSION: &str = "provider";
/// Longer than an access token of the provider lives.
const LIFE: Duration = Duration::from_millis(5_500);

/// A workspace at a desk with a keychain.
struct Place {
    desk: Desk,
    workspace: PathBuf,
}

impl Place {
    /// With one session, whose file says this besides its origin and its issuer.
    fn new(provider: &Provider, keys: &str) -> Self {
        let desk = Desk::new(Keychain::Unlocked).expect("`cargo xtask setup` installs its parts");
        let workspace = desk.home().join("workspace");
        let sessions = workspace.join("sessions");
        std::fs::create_dir_all(&sessions).expect("a folder");
        let manifest = "version = 1\nname = \"Provider\"\n";
        std::fs::write(workspace.join("workspace.toml"), manifest).expect("a file");
        let at = &provider.addresses;
        let api = Url::parse(&at.api).expect("the API has an address");
        let session = format!(
            "kind = \"oauth\"\norigins = [\"{}\"]\nissuer = \"{}\"\n{keys}",
            api.origin().ascii_serialization(),
            at.issuer
        );
        std::fs::write(sessions.join(format!("{SESSION}.toml")), session).expect("a file");
        Self { desk, workspace }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = programs::sandglass().expect("it can be built");
        let mut command = self.desk.command(program);
        command
            .arg("--workspace")
            .arg(&self.workspace)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs a verb to its end, with this on stdin.
    fn run(&self, arguments: &[&str], stdin: &str) -> Output {
        let mut child = self.command(arguments).spawn().expect("it starts");
        let mut input = child.stdin.take().expect("it is piped");
        input.write_all(stdin.as_bytes()).expect("it is read");
        drop(input);
        child.wait_with_output().expect("it ends")
    }

    /// Sends a request under the session; it must be answered 200, after so many refreshes.
    fn send(&self, provider: &Provider, refreshes: u32) {
        let api = &provider.addresses.api;
        let sent = self.run(&["send", api, "--session", SESSION, "--fail"], "");
        let said = String::from_utf8_lossy(&sent.stderr);
        assert_eq!(sent.status.code(), Some(0), "{said}");
        assert!(said.contains(&format!("refreshes {refreshes} ")), "{said}");
    }
}

/// The address to sign in at, as it is printed on a line of its own.
fn printed(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Url {
    let mut lines = lines.map_while(Result::ok);
    let line = lines.find(|line| line.trim_start().starts_with("http"));
    Url::parse(line.expect("it says where to sign in").trim()).expect("an address")
}

/// Where the browser comes back to, which a request that was pushed to the provider does not say.
fn free_redirect() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let address = listener.local_addr().expect("it has an address");
    format!("http://{address}/callback")
}

#[test]
fn an_address_that_is_pasted_back_signs_in_and_the_session_lives_on() {
    let provider = Provider::start();
    let redirect = free_redirect();
    let place = Place::new(
        &provider,
        &format!(
            "client_id = \"desktop\"\ngrant = \"authorization_code\"\nscope = \"openid offline_access\"\n\
             redirect_uri = \"{redirect}\"\n[authorization_parameters]\nprompt = \"consent\"\n"
        ),
    );
    let mut login = place
        .command(&["login", SESSION, "--no-browser"])
        .spawn()
        .expect("it starts");
    let mut said = BufReader::new(login.stderr.take().expect("it is piped")).lines();
    let address = printed(&mut said);
    let back = browser::sign_in(&address, &redirect);
    let mut input = login.stdin.take().expect("it is piped");
    writeln!(input, "{back}").expect("it is read");
    let rest: Vec<String> = said.map_while(Result::ok).collect();
    let ended = login.wait().expect("it ends");
    assert_eq!(ended.code(), Some(0), "{rest:?}");
    assert!(
        rest.iter().any(|line| line == "signed in to provider"),
        "{rest:?}"
    );
    let (_, code) = back
        .query_pairs()
        .find(|(name, _)| name == "code")
        .expect("a code");
    assert!(!rest.iter().any(|line| line.contains(&*code)), "{rest:?}");

    place.send(&provider, 0);
    sleep(LIFE);
    place.send(&provider, 1);
    let counts = provider.counts();
    assert_eq!(
        (counts.token_calls, counts.token_errors, counts.api_ok),
        (2, 0, 2),
        "{counts:?}"
    );
}

#[test]
fn a_service_signs_in_with_its_secret_and_asks_again_when_its_token_has_expired() {
    let provider = Provider::start();
    let place = Place::new(
        &provider,
        "client_id = \"service\"\nclient_auth = \"client_secret_basic\"\ngrant = \"client_credentials\"\n",
    );
    let login = place.run(&["login", SESSION], "service-secret\n");
    let said = String::from_utf8_lossy(&login.stderr);
    assert_eq!(login.status.code(), Some(0), "{said}");
    place.send(&provider, 0);
    sleep(LIFE);
    place.send(&provider, 1);
    let wrong = Place::new(
        &provider,
        "client_id = \"service\"\nclient_auth = \"client_secret_basic\"\ngrant = \"client_credentials\"\n",
    );
    let login = wrong.run(&["login", SESSION], "another secret\n");
    let said = String::from_utf8_lossy(&login.stderr);
    assert_eq!(login.status.code(), Some(4), "{said}");
    assert!(!said.contains("another secret"), "{said}");
    let counts = provider.counts();
    assert_eq!((counts.token_calls, counts.api_ok), (3, 2), "{counts:?}");
}
