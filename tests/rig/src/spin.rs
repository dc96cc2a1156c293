//! The real Spin, where `LATCHKEY_SPIN` names it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::options::{Options, Store};

/// Where it is.
pub(crate) fn binary() -> Option<PathBuf> {
    std::env::var_os("LATCHKEY_SPIN").map(PathBuf::from)
}

/// `spin up` with the same meaning as the embedded host's command.
pub(crate) fn command(
    spin: &Path,
    options: &Options,
    manifest: &Path,
    listen: &str,
    state: &Path,
) -> Command {
    let runtime = state.join("runtime-config.toml");
    let config = match &options.store {
        Store::Redis(address) => {
            format!("[key_value_store.default]\ntype = \"redis\"\nurl = \"{address}\"\n")
        }
        _ => String::new(),
    };
    std::fs::write(&runtime, config).expect("a runtime configuration");
    let mut command = Command::new(spin);
    command.args(["up", "--from"]).arg(manifest).args(["--listen", listen]);
    command.arg("--state-dir").arg(state).arg("--runtime-config-file").arg(runtime);
    command.args(["--max-instance-reuse-count", &options.reuse.0.to_string()]);
    command.args(["--max-instance-concurrent-reuse-count", &options.reuse.1.to_string()]);
    command
}
