//! `cargo xtask test`: everything that CI runs, one step after the other; the first that fails ends it.

use std::process::Command;

use crate::args::Args;
use crate::say::{Result, progress, refuse, result};
use crate::tree::{Tree, run};
use crate::wait::Watch;
use crate::{browser, build_all, fuzz, needs, risk_eval, schema, tidy, wasm};

/// Whole-system suites: they drive the built components through the host, so they come after both are built.
const SYSTEM: [&str; 2] = ["store-suite", "flows"];

/// A step: what it is, whether `--fast` leaves it out, and what it does.
type Step = (&'static str, bool, fn(&Tree) -> Result<()>);

const STEPS: &[Step] = &[
    ("format", false, format),
    ("house rules", false, tidy::tidy),
    ("schema page", false, |tree| schema::schema(tree, true)),
    ("components and host", false, |tree| build_all(tree).map(drop)),
    ("lints", false, lints),
    ("lints of the host", true, host_lints),
    ("tests", false, tests),
    ("tests of the host", false, host_tests),
    ("bits of the risk model", true, risk_eval::bits),
    ("stores", true, stores),
    ("flows", false, |tree| system(tree, "flows")),
    ("browser", true, browser::browser),
    ("fuzzing", true, |tree| fuzz::fuzz(tree, fuzz::Wanted::default())),
];

/// Runs them; `--fast` leaves out browser, load and fuzzing.
pub(crate) fn test(tree: &Tree, mut args: Args) -> Result<()> {
    let mut fast = false;
    while let Some(option) = args.option()? {
        match option.name.as_str() {
            "--fast" => fast = option.flag()?,
            _ => return option.unknown(),
        }
    }
    if !fast {
        // What cannot be had is better known now than after half an hour.
        needs::redis(tree)?;
        needs::chromium(tree)?;
        needs::node(tree)?;
    }
    let steps: Vec<_> = STEPS.iter().filter(|(_, slow, _)| !(fast && *slow)).collect();
    let whole = Watch::start();
    let mut took = Vec::new();
    for (at, (name, _, step)) in steps.iter().enumerate() {
        progress(format_args!("── {name} ({} of {})", at + 1, steps.len()));
        let watch = Watch::start();
        step(tree).or_else(|refusal| refuse(format!("{name}: {refusal}")))?;
        took.push(format!("{name} {} s", watch.elapsed().as_secs()));
    }
    progress(took.join(", "));
    if fast {
        progress("left out by --fast: lints of the host, bits of the risk model, stores, browser, fuzzing");
    }
    result(format_args!("all {} steps passed in {} s", steps.len(), whole.elapsed().as_secs()));
    Ok(())
}

fn format(tree: &Tree) -> Result<()> {
    run(tree.cargo().args(["fmt", "--all", "--check"]))?;
    run(in_host(&mut tree.cargo(), "fmt").args(["--all", "--", "--check"]))
}

fn lints(tree: &Tree) -> Result<()> {
    run(tree.cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

fn host_lints(tree: &Tree) -> Result<()> {
    run(in_host(&mut tree.cargo(), "clippy").args([
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))
}

fn tests(tree: &Tree) -> Result<()> {
    let mut cargo = tree.cargo();
    cargo.args(["test", "--workspace", "--locked"]);
    for suite in SYSTEM {
        cargo.args(["--exclude", suite]);
    }
    run(&mut cargo)
}

/// Its tests serve a guest that misbehaves in every way a host must bear; without it they would be skipped.
fn host_tests(tree: &Tree) -> Result<()> {
    wasm::build(tree, &wasm::Wanted { only: vec!["host-guest".to_owned()], features: Vec::new() })?;
    run(in_host(&mut tree.cargo(), "test").args(["--workspace", "--locked"]))
}

fn system(tree: &Tree, suite: &str) -> Result<()> {
    run(tree.cargo().args(["test", "--locked", "--package", suite]))
}

/// The suite's guest is none of the system's components, and is driven as both targets would have it.
fn stores(tree: &Tree) -> Result<()> {
    for features in [vec![], vec!["one-time-redis".to_owned()]] {
        wasm::build(tree, &wasm::Wanted { only: vec!["store-suite".to_owned()], features })?;
    }
    system(tree, "store-suite")
}

/// The host is a workspace of its own, with its own target folder.
fn in_host<'a>(cargo: &'a mut Command, verb: &str) -> &'a mut Command {
    cargo.args([verb, "--manifest-path", "host/Cargo.toml"])
}
