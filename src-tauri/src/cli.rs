//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};
use clap_complete::Shell;

#[cfg(feature = "window")]
use crate::settings::Theme;

/// What the exit codes of the verbs mean; the README says the same.
const EXIT_CODES: &str = "\
Exit codes:
  0    done; for send: answered, whatever the status
  1    something else failed
  2    the command line is wrong
  3    the workspace: a file, a request, a session, an environment or a variable
  4    signing in is needed, or was refused
  5    a token or a body was not sent, because it does not belong there
  6    the network, or a server that does not answer as it should
  7    the keychain
  8    a file: the body to send, or where the output goes
  22   send --fail: answered with 400 or above
  130  interrupted (143: terminated); what was sent came home first";

/// An API explorer with sessions that refresh themselves, and a timeline that shows how.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "sandglass", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// Where everything is.
    #[command(flatten)]
    pub place: Place,

    /// Open the embedded demo, whatever was open last
    #[cfg(feature = "window")]
    #[arg(long, conflicts_with = "workspace")]
    pub demo: bool,

    /// Run the tour in the embedded demo, print the timeline, and close when the input ends
    #[cfg(feature = "window")]
    #[arg(long, conflicts_with = "workspace")]
    pub tour: bool,

    /// Use this theme for this run
    #[cfg(feature = "window")]
    #[arg(long, value_enum)]
    pub theme: Option<Theme>,

    /// Keep tokens in this program's memory only, not in the system keychain
    #[cfg(feature = "window")]
    #[arg(long)]
    pub memory_only: bool,

    /// What to do without a window.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Where everything is.
#[derive(Args, Clone, Debug, Default)]
pub struct Place {
    /// Use this workspace folder. Without it: the window opens the last one, a verb looks for workspace.toml in this folder
    /// and those above it
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub workspace: Option<PathBuf>,

    /// Keep the timeline, the locks, the settings and the log in this folder
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub data_dir: Option<PathBuf>,
}

/// What can be done without a window.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Send a request: a saved one, or METHOD URL. The body of the answer goes to stdout, everything else to stderr
    #[command(after_help = concat!(
        "Examples:\n",
        "  sandglass send orders/list --env staging\n",
        "  sandglass send https://api.example.com/me --session main\n",
        "  sandglass send POST https://api.example.com/orders --session main -H 'Content-Type: application/json' -b @order.json\n",
        "  sandglass send orders/list --repeat 100 --parallel 8 --timeline events.jsonl\n\n",
        "A token is sent only to the origins on its session's list. When it is refused, the session is refreshed once for\n",
        "everybody who waits, the window included, and the request is repeated once. `sandglass --help` lists the exit codes."
    ))]
    Send(Box<SendArgs>),
    /// Sign in to a session, or give a secret variable its value. It goes into the system keychain, and nowhere else
    #[command(after_help = concat!(
        "What is asked for is typed without an echo. Without a terminal it is read from stdin, one line each, in the order\n",
        "in which a terminal would ask:\n",
        "  printf '%s\\n' \"$USER_NAME\" \"$PASSWORD\" | sandglass login main\n",
        "  printf '%s\\n' \"$REFRESH_TOKEN\" | sandglass login main\n",
        "  printf '%s\\n' \"$API_KEY\" | sandglass login --variable api_key\n\n",
        "A session with grant = \"authorization_code\" opens the browser and waits five minutes for it. Where the browser is on\n",
        "another machine, use --no-browser, and paste the address that it ends at, whether or not a page is there."
    ))]
    Login(LoginArgs),
    /// List the sessions of the workspace, and how they stand
    Sessions(SessionsArgs),
    /// Print the timeline of this machine: what happened, and why
    #[command(after_help = concat!(
        "The filter's words are the window's. All of them must hold of one causal group, which is printed whole:\n",
        "  is:request  is:refresh  is:sign-in  is:retry  is:joined  is:failed  is:pending  is:expired\n",
        "  session:NAME  gen:7  status:401  status:4xx  method:POST  host:NAME  took:>500ms  since:5m  cause:R12\n",
        "Any other word is looked for in addresses and errors. A word after - must not hold; put -- before the first one.\n\n",
        "Examples:\n",
        "  sandglass timeline is:refresh session:main since:1h\n",
        "  sandglass timeline --follow is:failed\n",
        "  sandglass timeline --json -- status:401 -host:api.example.com"
    ))]
    Timeline(TimelineArgs),
    /// Print a session's access token for another tool, once you have allowed that for this session
    #[command(after_help = concat!(
        "Examples:\n",
        "  sandglass token --session main --allow\n",
        "  sandglass token --session main --header | curl -H @- https://api.example.com/me\n",
        "  sandglass token --session main --forbid\n\n",
        "It is off until you allow it, at a terminal or in the window. The token is fresh: it is refreshed first where it would\n",
        "expire soon, once for everybody, as always. Each time stands in the timeline. Where stdout is a terminal, nothing is\n",
        "printed without --show."
    ))]
    Token(TokenArgs),
    /// Print a saved request as code. Its token is not in it; a comment says where it goes
    Code(CodeArgs),
    /// Import OpenAPI, Postman, Insomnia, Bruno or HAR into the workspace, or into a new one in this folder
    #[command(after_help = concat!(
        "Examples:\n",
        "  sandglass import shop.openapi.yaml --dry-run\n",
        "  sandglass import ./bruno-collection --workspace shop\n\n",
        "Nothing in the file is run, and nothing that it points to is fetched. What is not taken over is listed on stderr.\n",
        "Sessions arrive without origins: their tokens go nowhere until you add one. Imported once more, a file brings its\n",
        "requests up to date and keeps what you have changed."
    ))]
    Import(ImportArgs),
    /// Print what a shell needs to complete this command line
    #[command(after_help = concat!(
        "  bash: sandglass completions bash > ~/.local/share/bash-completion/completions/sandglass\n",
        "  zsh:  sandglass completions zsh > a folder of $fpath, named _sandglass\n",
        "  fish: sandglass completions fish > ~/.config/fish/completions/sandglass.fish"
    ))]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// `sandglass send`.
#[derive(Args, Clone, Debug, Default)]
pub struct SendArgs {
    /// The id of a saved request, or a URL, or a method and a URL
    #[arg(required = true, num_args = 1..=2, value_names = ["REQUEST | METHOD", "URL"])]
    pub target: Vec<String>,

    /// Send this header; takes the place of the saved request's header of that name. Repeatable
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,

    /// Send this body: text, @FILE for a file's content, or - for stdin
    #[arg(
        short,
        long,
        value_name = "TEXT | @FILE | -",
        allow_hyphen_values = true
    )]
    pub body: Option<String>,

    /// Use this session, not the saved request's
    #[arg(short, long, value_name = "NAME")]
    pub session: Option<String>,

    /// Use no session
    #[arg(long, conflicts_with = "session")]
    pub no_session: bool,

    /// Use the variables and the tokens of this environment
    #[arg(short, long, value_name = "NAME")]
    pub env: Option<String>,

    /// Send it this often; bodies are not written then
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub repeat: u32,

    /// Keep this many under way at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub parallel: u32,

    /// Write the body to this file. A file that is there is replaced only by a whole body
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "repeat")]
    pub output: Option<PathBuf>,

    /// Write the timeline of this run to this file, as JSON Lines
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub timeline: Option<PathBuf>,

    /// Exit with 22 when the answer's status is 400 or above
    #[arg(short, long)]
    pub fail: bool,

    /// Return redirects as they are
    #[arg(long)]
    pub no_redirects: bool,

    /// Say nothing but failures
    #[arg(short, long)]
    pub quiet: bool,
}

/// `sandglass login`.
#[derive(Args, Clone, Debug)]
pub struct LoginArgs {
    /// The session
    #[arg(required_unless_present = "variable")]
    pub session: Option<String>,

    /// Give this secret variable of the workspace a value, instead of signing in
    #[arg(long, value_name = "NAME", conflicts_with = "session")]
    pub variable: Option<String>,

    /// Print the address to sign in at instead of opening a browser. The address that the browser ends at may be pasted
    #[arg(long, conflicts_with = "variable")]
    pub no_browser: bool,

    /// The user's name; asked for without it
    #[arg(long, value_name = "NAME", conflicts_with = "variable")]
    pub username: Option<String>,

    /// Sign in, or keep the value, in this environment
    #[arg(short, long, value_name = "NAME")]
    pub env: Option<String>,
}

/// `sandglass sessions`.
#[derive(Args, Clone, Debug)]
pub struct SessionsArgs {
    /// One session, for what its server says of it
    #[arg(requires = "question")]
    pub session: Option<String>,

    /// Ask the server what the session's access token is worth, and print its answer as JSON
    #[arg(long, group = "question", requires = "session")]
    pub introspect: bool,

    /// Ask the server who the session's user is, and print its answer as JSON
    #[arg(long, group = "question", requires = "session")]
    pub userinfo: bool,

    /// Look in this environment
    #[arg(short, long, value_name = "NAME")]
    pub env: Option<String>,

    /// Print JSON, one session a line
    #[arg(long)]
    pub json: bool,
}

/// `sandglass token`.
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    /// The session
    #[arg(short, long, value_name = "NAME")]
    pub session: String,

    /// Print the whole header, as `curl -H @-` reads it
    #[arg(long)]
    pub header: bool,

    /// Allow other tools this session's token from now on. Asked for at a terminal
    #[arg(long, conflicts_with_all = ["header", "show"])]
    pub allow: bool,

    /// Allow it no longer
    #[arg(long, conflicts_with_all = ["header", "show", "allow"])]
    pub forbid: bool,

    /// Print it even where stdout is a terminal
    #[arg(long)]
    pub show: bool,

    /// Look in this environment
    #[arg(short, long, value_name = "NAME")]
    pub env: Option<String>,
}

/// `sandglass code`.
#[derive(Args, Clone, Debug)]
pub struct CodeArgs {
    /// The id of a saved request
    #[arg(value_name = "REQUEST")]
    pub request: String,

    /// As a line of cURL, JavaScript with fetch, Python with requests, or Rust with reqwest
    #[arg(long = "as", value_enum, default_value_t = CodeLanguage::Curl)]
    pub language: CodeLanguage,

    /// Use the variables of this environment
    #[arg(short, long, value_name = "NAME")]
    pub env: Option<String>,
}

/// What `sandglass code` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CodeLanguage {
    /// cURL.
    Curl,
    /// JavaScript.
    Javascript,
    /// Python.
    Python,
    /// Rust.
    Rust,
}

/// `sandglass import`.
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// A file, or a folder of Bruno
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub source: PathBuf,

    /// Say what would be written, and write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Print JSON: what is written, and what is not taken over
    #[arg(long)]
    pub json: bool,
}

/// `sandglass timeline`.
#[derive(Args, Clone, Debug)]
pub struct TimelineArgs {
    /// Print only what these words choose
    #[arg(value_name = "FILTER")]
    pub filter: Vec<String>,

    /// Go on with what happens from now on, in whatever process, until interrupted
    #[arg(short, long)]
    pub follow: bool,

    /// Print at most this many of the newest events
    #[arg(short = 'n', long, value_name = "N", default_value_t = 200)]
    pub last: usize,

    /// Print only what is about this session
    #[arg(short, long, value_name = "NAME")]
    pub session: Option<String>,

    /// Print JSON Lines
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[cfg(feature = "window")]
    #[test]
    fn the_tour_needs_the_demo() {
        assert!(Cli::try_parse_from(["sandglass", "--tour", "--workspace", "shop"]).is_err());
        let cli =
            Cli::try_parse_from(["sandglass", "--tour", "--theme", "dark"]).expect("a good line");
        assert!(cli.tour && cli.theme == Some(Theme::Dark));
    }

    #[test]
    fn a_number_that_makes_no_sense_is_refused() {
        for line in [
            &["send", "x", "--parallel", "0"][..],
            &["send", "x", "--repeat", "0"],
            &["send", "x", "--parallel", "10001"],
            &["send", "x", "--repeat", "2", "--output", "f"],
            &["send"],
            &["login"],
            &["login", "main", "--variable", "key"],
        ] {
            let line = std::iter::once(&"sandglass").chain(line);
            assert!(Cli::try_parse_from(line.clone()).is_err(), "{line:?}");
        }
    }
}
