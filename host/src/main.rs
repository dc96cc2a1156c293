//! `latchkey-host`: see `--help`.

use std::process::ExitCode;

use clap::Parser as _;
use latchkey_host::{cli::Cli, run::run};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("latchkey-host: {error:#}");
            ExitCode::FAILURE
        }
    }
}
