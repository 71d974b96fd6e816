//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::settings::Theme;

/// An API explorer with sessions that refresh themselves, and a timeline that shows how.
#[derive(Clone, Debug, Default, Parser)]
#[command(version)]
pub struct Cli {
    /// Open this workspace folder. Without it: the one that was open last, or the demo
    #[arg(long, value_name = "DIR")]
    pub workspace: Option<PathBuf>,

    /// Open the embedded demo, whatever was open last
    #[arg(long, conflicts_with = "workspace")]
    pub demo: bool,

    /// Keep the timeline, the settings and the log in this folder
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// Run the tour in the embedded demo, print the timeline, and close when the input ends
    #[arg(long, conflicts_with = "workspace")]
    pub tour: bool,

    /// Use this theme for this run
    #[arg(long, value_enum)]
    pub theme: Option<Theme>,

    /// Keep tokens in this program's memory only, not in the system keychain
    #[arg(long)]
    pub memory_only: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn the_tour_needs_the_demo() {
        assert!(Cli::try_parse_from(["sandglass", "--tour", "--workspace", "shop"]).is_err());
        let cli =
            Cli::try_parse_from(["sandglass", "--tour", "--theme", "dark"]).expect("a good line");
        assert!(cli.tour && cli.theme == Some(Theme::Dark));
    }
}
