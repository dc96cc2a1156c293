//! `cargo xtask`: the chores of the house, in the language of the house.

mod args;
mod manifest;
mod say;
mod toolchain;
mod tree;
mod wait;
mod wasm;

use std::process::ExitCode;

use args::Args;
use say::{Result, progress, refuse, result};
use tree::Tree;

const HELP: &str = "\
cargo xtask build [--package ID]... [--features A,B]    the components as .wasm files";

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
        "build" => wasm::build(&tree, &wasm::Wanted::from_args(args)?).map(drop),
        "help" | "--help" | "-h" => {
            result(HELP);
            Ok(())
        }
        other => refuse(format!("`{other}` is no chore; there are:\n{HELP}")),
    }
}
