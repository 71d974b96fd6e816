//! Runs the code that `sandglass code --as rust` shows, word for word.

#[allow(
    clippy::print_stdout,
    reason = "it is what is shown to people, who want to see the answer"
)]
mod shown {
    include!("request.rs");

    pub(super) fn run() -> Result<(), Box<dyn std::error::Error>> {
        main()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The workspace's reqwest leaves the choice of a provider to the program; whoever copies the code has the usual one.
    drop(rustls::crypto::ring::default_provider().install_default());
    shown::run()
}
