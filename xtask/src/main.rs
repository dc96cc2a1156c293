//! `cargo xtask`: the chores of the house, in the language of the house.

mod args;
mod browser;
mod fuzz;
mod host;
mod http;
mod manifest;
mod needs;
mod risk_eval;
mod say;
mod schema;
mod test;
mod tidy;
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
cargo xtask test [--fast]                               everything CI runs; --fast leaves out browser, load and fuzzing
cargo xtask build [--package ID]... [--features A,B]    the components as .wasm files, and the host
cargo xtask tidy                                        the house rules: dependency direction, licences, keys
cargo xtask schema                                      prints what lies in the store to kv-schema/SCHEMA.md
cargo xtask browser                                     the browser tests alone
cargo xtask fuzz [--target NAME] [--seconds 60]         every parser of foreign bytes
cargo xtask bench                                       what docs/PERFORMANCE.md shows, measured on this machine
cargo xtask risk-eval [--seed 1]... [--commit ID] [--tiers AKBCD]... [--closed] [--baseline freeman]...
                                                        what docs/RISK.md shows: the risk model on the benchmark of ../shared/tools";

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
        "test" => test::test(&tree, args),
        "tidy" => args.end().and_then(|()| tidy::tidy(&tree)),
        "schema" => args.end().and_then(|()| schema::schema(&tree, false)),
        "browser" => args.end().and_then(|()| browser::browser(&tree)),
        "fuzz" => fuzz::fuzz(&tree, fuzz::Wanted::from_args(args)?),
        "bench" => bench(&tree, args),
        "risk-eval" => risk_eval::risk_eval(&tree, &risk_eval::Wanted::from_args(&tree, args)?),
        "help" | "--help" | "-h" => {
            result(HELP);
            Ok(())
        }
        other => refuse(format!("`{other}` is no chore; there are:\n{HELP}")),
    }
}

/// The numbers are of the profile that everything here is built in; the page says so.
fn bench(tree: &Tree, mut args: Args) -> Result<()> {
    build_all(tree)?;
    let mut cargo = tree.cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "benches", "--"]);
    while let Some(word) = args.word() {
        cargo.arg(word);
    }
    tree::run(&mut cargo)
}

fn build(tree: &Tree, args: Args) -> Result<()> {
    let wanted = wasm::Wanted::from_args(args)?;
    // Who names packages wants those alone.
    if wanted.only.is_empty() && wanted.features.is_empty() {
        build_all(tree).map(drop)
    } else {
        wasm::build(tree, &wanted).map(drop)
    }
}

/// The components, the host, and the components compiled for it; says where the host is.
fn build_all(tree: &Tree) -> Result<std::path::PathBuf> {
    let built = wasm::build(tree, &wasm::Wanted::default())?;
    let host = host::build(tree)?;
    host::compile(tree, &host, &built)?;
    Ok(host)
}
