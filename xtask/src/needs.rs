//! Programs that tests need beside the Rust toolchain: looked for, installed where we are root on Debian, else named in a sentence.

use std::path::{Path, PathBuf};

use crate::say::{Result, progress, refuse};
use crate::tree::{Tree, run};

/// The store suite runs on a Redis of its own.
pub(crate) fn redis(tree: &Tree) -> Result<PathBuf> {
    program(tree, "redis-server", "redis-server", "the store suite")
}

/// The browser tests drive a Chromium.
pub(crate) fn chromium(tree: &Tree) -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("LATCHKEY_CHROMIUM") {
        return Ok(given.into());
    }
    program(tree, "chromium", "chromium", "the browser tests")
}

/// The browser tests and the clients of peers are JavaScript.
pub(crate) fn node(tree: &Tree) -> Result<PathBuf> {
    program(tree, "npm", "npm", "the browser tests")
        .and_then(|_| program(tree, "node", "nodejs", "the browser tests"))
}

fn program(tree: &Tree, name: &str, package: &str, who: &str) -> Result<PathBuf> {
    if let Some(found) = find(name) {
        return Ok(found);
    }
    let apt = find("apt-get");
    let (Some(apt), true) = (apt, rustix::process::geteuid().is_root()) else {
        return refuse(format!(
            "{who} need `{name}`, which is not on the PATH: install it (on Debian: apt-get install {package}), or run `cargo xtask test --fast`"
        ));
    };
    progress(format_args!("installing {package} for {who}"));
    let command = |words: &[&str]| {
        let mut command = tree.command(&apt);
        command.env("DEBIAN_FRONTEND", "noninteractive").args(words);
        run(&mut command)
    };
    command(&["update", "--quiet=2"])?;
    command(&["install", "--quiet=2", "--yes", "--no-install-recommends", package])?;
    find(name).map_or_else(|| refuse(format!("after installing {package} there is still no `{name}`")), Ok)
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file: &PathBuf| Path::is_file(file))
}
