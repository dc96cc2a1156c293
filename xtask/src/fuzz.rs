//! `cargo xtask fuzz`: every fuzz target for a while. libFuzzer is built in by the compiler's own coverage pass, so no further tool is needed.

use std::path::PathBuf;

use crate::args::Args;
use crate::say::{Because as _, Result, progress, refuse};
use crate::tree::{Tree, output, run};

/// What to fuzz, and for how long.
#[derive(Debug)]
pub(crate) struct Wanted {
    only: Option<String>,
    seconds: u32,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { only: None, seconds: 60 }
    }
}

impl Wanted {
    pub(crate) fn from_args(mut args: Args) -> Result<Self> {
        let mut wanted = Self::default();
        while let Some(option) = args.option()? {
            match option.name.as_str() {
                "--target" => wanted.only = Some(args.value(option)?),
                "--seconds" => {
                    let value = args.value(option)?;
                    wanted.seconds = value.parse().because(|| format!("`--seconds {value}` is no number"))?;
                }
                _ => return option.unknown(),
            }
        }
        Ok(wanted)
    }
}

/// Coverage as libFuzzer wants it; overflow checks and debug assertions stay on.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cdebug-assertions",
    "--cfg=fuzzing",
];

/// Builds the targets and runs each; a crash is an error that names the file with the input.
pub(crate) fn fuzz(tree: &Tree, wanted: Wanted) -> Result<()> {
    let machine = machine(tree)?;
    let mut cargo = tree.cargo();
    // With a target named, build scripts and macros are left without coverage.
    cargo.args([
        "build",
        "--release",
        "--locked",
        "--bins",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--target",
        &machine,
    ]);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\u{1f}"));
    run(&mut cargo)?;
    let built = tree.path("fuzz/target").join(&machine).join("release");
    let targets = targets(tree, wanted.only.as_deref())?;
    // Two at a time: a target fuzzes on one core.
    for pair in targets.chunks(2) {
        let mut running = Vec::new();
        for target in pair {
            progress(format_args!("fuzzing {target} for {} s", wanted.seconds));
            running.push((target, start(tree, built.join(target), target, wanted.seconds)?));
        }
        for (target, mut child) in running {
            let status = child.wait().because(|| format!("cannot wait for `{target}`"))?;
            if !status.success() {
                return refuse(format!(
                    "`{target}` failed ({status}); what it saw is in target/fuzz/{target}.log, the input in fuzz/artifacts/{target}/"
                ));
            }
        }
    }
    Ok(())
}

fn start(tree: &Tree, program: PathBuf, target: &str, seconds: u32) -> Result<std::process::Child> {
    let corpus = tree.path("fuzz/corpus").join(target);
    let artifacts = tree.path("fuzz/artifacts").join(target);
    let logs = tree.path("target/fuzz");
    for folder in [&corpus, &artifacts, &logs] {
        std::fs::create_dir_all(folder).because(|| format!("cannot make `{}`", folder.display()))?;
    }
    let log = logs.join(format!("{target}.log"));
    let log = std::fs::File::create(&log).because(|| format!("cannot write `{}`", log.display()))?;
    let mut command = tree.command(program);
    command.arg(&corpus);
    let seeds = tree.path("fuzz/seeds").join(target);
    if seeds.is_dir() {
        command.arg(seeds);
    }
    command.arg(format!("-max_total_time={seconds}")).args([
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-max_len=16384",
    ]);
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(log);
    command.spawn().because(|| format!("cannot start the fuzz target `{target}`"))
}

fn targets(tree: &Tree, only: Option<&str>) -> Result<Vec<String>> {
    let folder = tree.path("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder).because(|| format!("cannot list `{}`", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.path().file_stem().and_then(|stem| stem.to_str()).map(str::to_owned))
        .filter(|name| only.is_none_or(|only| only == name))
        .collect();
    names.sort();
    if names.is_empty() { refuse("there is no such fuzz target") } else { Ok(names) }
}

fn machine(tree: &Tree) -> Result<String> {
    let version =
        output(tree.command(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV"))?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map_or_else(|| refuse("rustc does not say which machine this is"), |machine| Ok(machine.to_owned()))
}
