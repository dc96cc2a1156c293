//! `cargo xtask bench`: what docs/PERFORMANCE.md shows, measured on this machine. Prints Markdown; `--write` puts it into the page.

mod client;
mod load;
mod measure;
mod page;

use std::{io, path::PathBuf, process::ExitCode, time::Duration};

fn main() -> ExitCode {
    let mut write = false;
    let mut lasts = Duration::from_secs(4);
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--write" => write = true,
            "--quick" => lasts = Duration::from_millis(500),
            other => {
                say(&format!("`{other}` is unknown; there are --write and --quick"));
                return ExitCode::FAILURE;
            }
        }
    }
    match measure::everything(lasts).and_then(|measured| page::tell(&measured, write)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A line for whoever waits.
fn say(line: &str) {
    use io::Write as _;
    drop(writeln!(io::stderr(), "{line}"));
}

/// The root of the work tree.
fn root() -> PathBuf {
    rig::root()
}
