//! The program that runs the components: ours or Spin, told the same things.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::options::{Options, Runtime, Store};
use super::state::State;
use super::variables::Variables;
use crate::say::{Because as _, Result, refuse};
use crate::tree::{Tree, output};

/// Where to find Spin, if not on the PATH.
const SPIN: &str = "LATCHKEY_SPIN";

/// Requests per instance. Spin keeps every compare-and-swap of an instance until the instance ends, and allows 256 of them: with its usual
/// 128 requests a busy instance would run out (docs/decisions/0002-cells.md).
const REUSE: &str = "64";

/// The oldest Spin that runs WASI 0.3 components with reused instances.
const OLDEST: (u32, u32) = (4, 1);

/// Finds Spin and looks whether it is new enough.
pub(crate) fn spin(tree: &Tree) -> Result<PathBuf> {
    let program = std::env::var_os(SPIN).map_or_else(|| PathBuf::from("spin"), PathBuf::from);
    let asked = output(tree.command(&program).arg("--version"));
    let Ok(version) = asked else {
        return refuse(format!(
            "`--runtime spin` needs Spin 4.1 or newer on the PATH or in {SPIN}; without it leave `--runtime` out"
        ));
    };
    match numbers(&version) {
        Some(found) if found >= OLDEST => Ok(program),
        _ => refuse(format!("`{}` is {}; Spin 4.1 or newer is needed", program.display(), version.trim())),
    }
}

/// `spin 4.1.0 (…)` → (4, 1)
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split_whitespace().nth(1)?.trim_start_matches('v').split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// The command that serves `spin.toml`.
pub(crate) fn command(
    tree: &Tree,
    program: &Path,
    options: &Options,
    listen: SocketAddr,
    state: &State,
    variables: &Variables,
) -> Result<Command> {
    let mut command = tied(tree, program);
    let manifest = tree.path("spin.toml");
    match options.runtime {
        Runtime::Embedded => {
            command.arg("--manifest").arg(manifest).arg("--listen").arg(listen.to_string());
            command.arg("--state").arg(state.folder()).args(["--reuse", REUSE]);
            if let Store::Redis(name) | Store::Own(name) = &options.store {
                command.arg("--store").arg(name);
            }
            if let Some(file) = std::env::var_os("LATCHKEY_CLOCK_OFFSET_FILE") {
                command.arg("--clock-offset-file").arg(file);
            }
        }
        Runtime::Spin => {
            command.arg("up").arg("--from").arg(manifest).arg("--listen").arg(listen.to_string());
            command.arg("--state-dir").arg(state.folder()).args(["--max-instance-reuse-count", REUSE]);
            if let Store::Redis(address) = &options.store {
                command.arg("--runtime-config-file").arg(runtime_config(state, address)?);
            }
            // Spin runs guests on its own worker threads; a busy one must not stop all the others.
            if std::env::var_os("TOKIO_WORKER_THREADS").is_none() {
                command.env("TOKIO_WORKER_THREADS", "16");
            }
        }
    }
    Ok({
        command.envs(variables.environment());
        command
    })
}

/// The runtime should not outlive us, not even if we are killed; `setpriv` (util-linux) asks the kernel for that.
fn tied(tree: &Tree, program: &Path) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.is_file() {
        return tree.command(program);
    }
    let mut command = tree.command(setpriv);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

fn runtime_config(state: &State, address: &str) -> Result<PathBuf> {
    let store = toml::Table::from_iter([
        ("type".to_owned(), toml::Value::from("redis")),
        ("url".to_owned(), toml::Value::from(address)),
    ]);
    let default = toml::Table::from_iter([("default".to_owned(), toml::Value::from(store))]);
    let page = toml::Table::from_iter([("key_value_store".to_owned(), toml::Value::from(default))]);
    let file = state.folder().join("runtime-config.toml");
    let text = toml::to_string(&page).because(|| "cannot spell a runtime configuration".to_owned())?;
    std::fs::write(&file, text).because(|| format!("cannot write `{}`", file.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_spins_are_told_from_new_ones() {
        assert_eq!(numbers("spin 4.1.0 (abc 2026-08-01)\n"), Some((4, 1)));
        assert_eq!(numbers("spin 4.1.0-pre0"), Some((4, 1)));
        assert!(numbers("spin 3.6.0").unwrap() < OLDEST);
        assert_eq!(numbers("hello"), None);
    }
}
