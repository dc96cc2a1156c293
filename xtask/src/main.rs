//! `cargo xtask`: the chores of the house, in the language of the house.

mod args;
mod host;
mod http;
mod manifest;
mod say;
mod toolchain;
mod tree;
mod up;
mod wait;
mod wasm;

use std::process::ExitCode;

use args::Args;
use say::{Result, progress, refuse, result};
use tree::Tree;

const HELP: &str = "\
cargo xtask up [--listen 127.0.0.1:3000] [--state DIR] [--set NAME=VALUE]... [--seed demo|none] [--fresh]
               [--runtime embedded|spin] [--store sqlite|memory|redis://...]
                                                        builds, serves spin.toml, prints `ready http://localhost:PORT`
cargo xtask build [--package ID]... [--features A,B]    the components as .wasm files, and the host";

fn main() -> ExitCode {
    match dispatch(Args::of_process()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            progress(format_args!("error: {refusal}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut args: Args) -> Result<()> {
    let Some(command) = args.word() else {
        return refuse(format!("say what to do:\n{HELP}"));
    };
    let tree = Tree::find()?;
    match command.as_str() {
        "build" => build(&tree, args),
        "up" => up::up(&tree, args),
        "help" | "--help" | "-h" => {
            result(HELP);
            Ok(())
        }
        other => refuse(format!("`{other}` is no chore; there are:\n{HELP}")),
    }
}

fn build(tree: &Tree, args: Args) -> Result<()> {
    let wanted = wasm::Wanted::from_args(args)?;
    wasm::build(tree, &wanted)?;
    // Who names packages wants those alone.
    if wanted.only.is_empty() { host::build(tree).map(drop) } else { Ok(()) }
}
