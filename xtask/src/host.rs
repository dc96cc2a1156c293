//! The embedded host: a workspace of its own, built in the one profile that everything here uses.

use std::path::{Path, PathBuf};

use crate::say::{Result, progress, refuse};
use crate::tree::{Tree, run};

/// Lets the host compile what `wasm::build` gave, so that the first start takes no longer than any other.
pub(crate) fn compile(tree: &Tree, host: &Path, wasm: &[PathBuf]) -> Result<()> {
    let mut command = tree.command(host);
    command.arg("compile").args(["--cache", "target/compiled"]).args(wasm);
    run(&mut command)
}

/// Where the host is, seen from the root.
const MANIFEST: &str = "host/Cargo.toml";

/// Builds the host and says where it is.
pub(crate) fn build(tree: &Tree) -> Result<PathBuf> {
    if !tree.path(MANIFEST).is_file() {
        return refuse(format!("there is no embedded host here: `{MANIFEST}` is missing"));
    }
    let binary = tree.path("host/target/debug/latchkey-host");
    if !binary.is_file() {
        progress("building the host (once; about 7 minutes on 2 cores)");
    }
    let mut cargo = tree.cargo();
    cargo.args(["build", "--bins", "--manifest-path", MANIFEST, "--target-dir", "host/target"]);
    run(&mut cargo)?;
    if binary.is_file() {
        Ok(binary)
    } else {
        refuse(format!("building the host gave no `{}`", binary.display()))
    }
}
