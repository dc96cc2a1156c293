//! `cargo xtask risk-eval`: how good the risk model is, by the benchmark beside this repository, and whether the WebAssembly build
//! computes the same bits.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::args::Args;
use crate::needs;
use crate::say::{Because as _, Result, progress, refuse, result};
use crate::toolchain::Toolchain;
use crate::tree::{Tree, output, run};

/// What to run.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    seeds: Vec<u32>,
    tiers: Vec<String>,
    closed: bool,
    /// Also these scorers of the benchmark's own.
    baselines: Vec<String>,
}

impl Wanted {
    pub(crate) fn from_args(tree: &Tree, mut args: Args) -> Result<Self> {
        let mut wanted = Self::default();
        while let Some(option) = args.option()? {
            match option.name.as_str() {
                "--seed" => {
                    let value = args.value(option)?;
                    wanted.seeds.push(value.parse().because(|| format!("`--seed {value}` is no number"))?);
                }
                "--commit" => wanted.seeds.extend(seeds_of(tree, &args.value(option)?)?),
                "--tiers" => wanted.tiers.push(args.value(option)?),
                "--closed" => wanted.closed = option.flag()?,
                "--baseline" => wanted.baselines.push(args.value(option)?),
                _ => return option.unknown(),
            }
        }
        if wanted.seeds.is_empty() {
            wanted.seeds.push(1);
        }
        if wanted.tiers.is_empty() {
            wanted.tiers.push("AKBCD".into());
        }
        Ok(wanted)
    }
}

/// Compares the bits, runs the benchmark, prints its tables and their mean.
pub(crate) fn risk_eval(tree: &Tree, wanted: &Wanted) -> Result<()> {
    bits(tree)?;
    let script = script(tree);
    if !script.is_file() {
        progress(format_args!(
            "THE RISK MODEL WAS NOT MEASURED: there is no `{}`; put the benchmark there or name it in LATCHKEY_RISK_EVAL",
            script.display()
        ));
        return Ok(());
    }
    run(tree.cargo().args(["build", "--release", "--locked", "--package", "risk-scorer"]))?;
    let scorer = target(tree).join("release/risk-scorer");
    let ours = format!("{} serve", scorer.display());
    let mut runs = vec![("ours", ["--cmd".to_owned(), ours])];
    runs.extend(wanted.baselines.iter().map(|name| (name.as_str(), ["--scorer".to_owned(), name.clone()])));
    for (name, scorer) in &runs {
        for tiers in &wanted.tiers {
            let mut told = Vec::new();
            for seed in &wanted.seeds {
                told.push(measure(tree, &script, scorer, *seed, tiers, wanted.closed)?);
            }
            let mode = if wanted.closed { "closed" } else { "oracle" };
            result(format_args!(
                "\n{name}, tiers {tiers}, {mode}, mean of seeds {:?}\n\n{}",
                wanted.seeds,
                table(&told)
            ));
        }
    }
    Ok(())
}

/// The native build against the golden digest, then the WebAssembly build.
pub(crate) fn bits(tree: &Tree) -> Result<()> {
    run(tree.cargo().args(["test", "--quiet", "--locked", "--package", "risk", "--test", "golden"]))?;
    let mut cargo = Toolchain::ready(tree)?.cargo(tree, "rustc");
    cargo.args(["--quiet", "--release", "--locked", "--package", "risk", "--example", "bits"]);
    cargo.args(["--target", "wasm32-wasip2", "--target-dir", "target/wasm"]);
    // The core module alone: it needs no host that knows components.
    run(cargo.args(["--", "-Clink-arg=--skip-wit-component"]))?;
    let file = tree.path("target/wasm/wasm32-wasip2/release/examples/bits.wasm");
    let mut node = tree.command(needs::node(tree)?);
    result(output(node.arg("tools/risk-scorer/bits.mjs").arg(file))?.trim());
    Ok(())
}

fn measure(
    tree: &Tree,
    script: &Path,
    scorer: &[String; 2],
    seed: u32,
    tiers: &str,
    closed: bool,
) -> Result<Value> {
    let mode = if closed { "closed" } else { "oracle" };
    let file = tree.own_folder()?.join(format!("risk-eval-{seed}-{tiers}-{mode}.json"));
    let mut python = tree.command("python3");
    python.arg(script).args(["run", "--seed", &seed.to_string(), "--tiers", tiers, "--mode", mode]);
    python.args(scorer).arg("--json").arg(&file);
    result(output(&mut python)?.trim());
    let text = std::fs::read_to_string(&file).because(|| format!("cannot read `{}`", file.display()))?;
    serde_json::from_str(&text).because(|| format!("cannot read `{}`", file.display()))
}

const CLASSES: [&str; 7] = ["naive", "vpn", "targeted", "very_targeted", "stealer", "aitm", "stuffing"];

/// A Markdown table of the means.
fn table(runs: &[Value]) -> String {
    let mut out = format!("| | {} |\n|---|{}\n", CLASSES.join(" | "), "---|".repeat(CLASSES.len()));
    let mut line = |name: String, at: &dyn Fn(&str) -> String| {
        let cells =
            CLASSES.map(|class| mean(runs, &at(class)).map_or("–".into(), |mean| format!("{mean:.3}")));
        out.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    };
    line("ROC AUC".into(), &|class| format!("/auc/{class}"));
    for fpr in ["0.1", "0.05", "0.02", "0.01", "0.005"] {
        let got = mean(runs, &format!("/tpr_at_fpr/{fpr}/fpr_test")).unwrap_or(0.0) * 100.0;
        line(format!("TPR at FPR {fpr} (got {got:.2} %)"), &|class| format!("/tpr_at_fpr/{fpr}/{class}"));
    }
    line("lower end of 95 % at 5 %".into(), &|class| format!("/tpr_at_fpr5_ci95/{class}/0"));
    line("gets in, step-up by code".into(), &|class| format!("/levels/{class}/in_with_otp"));
    line("gets in, step-up by passkey".into(), &|class| format!("/levels/{class}/in_with_passkey"));
    for (name, at) in [
        ("owners medium", "/levels/legit/medium"),
        ("owners high", "/levels/legit/high"),
        ("first sign-ins medium", "/levels/cold_start/medium"),
        ("first sign-ins high", "/levels/cold_start/high"),
        ("re-authentications in 12 at targeted .98", "/reauth_at_tpr/targeted@0.98/median_reauth_first_12"),
        ("FPR at 5 %: 39 and more sign-ins", "/fpr5_by_history/39+"),
    ] {
        if let Some(mean) = mean(runs, at) {
            out.push_str(&format!("\n{name}: {mean:.4}"));
        }
    }
    for tenant in ["campus_in", "consumer", "corp_de", "retail_br", "saas_global"] {
        if let Some(mean) = mean(runs, &format!("/fpr5_by_tenant/{tenant}")) {
            out.push_str(&format!("\nFPR at 5 %, tenant {tenant}: {mean:.3}"));
        }
    }
    out
}

fn mean(runs: &[Value], at: &str) -> Option<f64> {
    let values: Option<Vec<f64>> = runs.iter().map(|run| run.pointer(at).and_then(Value::as_f64)).collect();
    let values = values.filter(|values| !values.is_empty())?;
    let count = u32::try_from(values.len()).ok()?;
    Some(values.iter().sum::<f64>() / f64::from(count))
}

/// RISK-BENCHMARK section 10: the first five groups of eight hex digits of the SHA-256 of the commit's id.
fn seeds_of(tree: &Tree, commit: &str) -> Result<Vec<u32>> {
    let id = output(tree.command("git").args(["rev-parse", "--verify", &format!("{commit}^{{commit}}")]))?;
    let sum = output(
        tree.command("python3")
            .args(["-c", "import hashlib, sys; print(hashlib.sha256(sys.argv[1].encode()).hexdigest())"])
            .arg(id.trim()),
    )?;
    let seeds: Vec<u32> = (0..5)
        .filter_map(|group| sum.get(group * 8..group * 8 + 8))
        .filter_map(|hex| u32::from_str_radix(hex, 16).ok())
        .collect();
    if seeds.len() == 5 { Ok(seeds) } else { refuse("the commit's id gave no seeds") }
}

fn script(tree: &Tree) -> PathBuf {
    std::env::var_os("LATCHKEY_RISK_EVAL")
        .map_or_else(|| tree.path("../shared/tools/risk_eval.py"), PathBuf::from)
}

fn target(tree: &Tree) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| tree.path("target"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn means_are_over_all_runs_or_not_at_all() {
        let run = |auc: f64| json!({ "auc": { "vpn": auc }, "tpr_at_fpr": { "0.05": { "vpn": 1.0, "fpr_test": 0.05 } } });
        assert_eq!(mean(&[run(0.5), run(1.0)], "/auc/vpn"), Some(0.75));
        assert_eq!(mean(&[run(0.5), json!({})], "/auc/vpn"), None);
        assert_eq!(mean(&[], "/auc/vpn"), None);
        let table = table(&[run(0.5), run(1.0)]);
        assert!(table.contains("| ROC AUC | – | 0.750 | –"), "{table}");
        assert!(table.contains("TPR at FPR 0.05 (got 5.00 %) | – | 1.000"), "{table}");
    }
}
