//! `risk-scorer`: `crates/risk` on a developer's machine.
//!
//! - `serve`: the line protocol of RISK-BENCHMARK section 6, for `risk_eval.py run --cmd`
//! - `measure [--tiers AKBCD] FOLDER...`: the headline of the benchmark on what `risk_eval.py gen` wrote, fast, for development
//! - `fit [--tiers AKBCD,AK] [--steps 150] FOLDER...`: prints `crates/risk/src/weights.rs`
//! - `rba FILE.csv FOLDER`: the public RBA data set as events and truth, for `measure`

mod fit;
mod measure;
mod rba;
mod records;
mod serve;
mod wire;
mod world;

use std::{io::Write as _, path::Path, process::ExitCode};

use records::play;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<(), String> {
    let [command, words @ ..] = words else { return Err(USAGE.into()) };
    let mut tiers = "AKBCD".to_owned();
    let mut steps = 150;
    let mut files = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--tiers" => words.next().ok_or("`--tiers` needs a value")?.clone_into(&mut tiers),
            "--steps" => {
                let value = words.next().ok_or("`--steps` needs a value")?;
                steps = value.parse().map_err(|_| format!("`--steps {value}` is no number"))?;
            }
            file => files.push(Path::new(file)),
        }
    }
    match (command.as_str(), files.as_slice()) {
        ("serve", []) => serve::serve().map_err(|error| error.to_string()),
        ("measure", folders @ [_, ..]) => {
            for folder in folders {
                for tiers in tiers.split(',') {
                    let rows = play(folder, tiers)?;
                    print(&format!("{} tiers {tiers}\n{}", folder.display(), measure::table(&rows)));
                }
            }
            Ok(())
        }
        ("fit", folders @ [_, ..]) => {
            let mut rows = Vec::new();
            for tiers in tiers.split(',') {
                for folder in folders {
                    rows.push(play(folder, tiers)?);
                }
            }
            let names: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
            let about = format!("`risk-scorer fit --tiers {tiers} --steps {steps} {}`", names.join(" "));
            print(&fit::fit(&rows, folders.len(), steps, &about));
            Ok(())
        }
        ("rba", [csv, folder]) => rba::convert(csv, folder),
        _ => Err(USAGE.into()),
    }
}

const USAGE: &str = "say `serve`, `measure [--tiers AKBCD] FOLDER...`, `fit [--tiers AKBCD,AK] [--steps 150] FOLDER...`, or `rba FILE.csv FOLDER`";

/// A line for the person at the terminal.
pub(crate) fn say(line: &str) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

fn print(line: &str) {
    drop(writeln!(std::io::stdout(), "{line}"));
}
