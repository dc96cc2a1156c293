//! `cargo xtask browser`: the pages in a real browser, against a system of its own.

use crate::say::Result;
use crate::tree::{Tree, run};
use crate::{build_all, needs};

const FOLDER: &str = "tests/browser";

/// Installs the driver from the lock file and runs the tests.
pub(crate) fn browser(tree: &Tree) -> Result<()> {
    needs::node(tree)?;
    let chromium = needs::chromium(tree)?;
    let host = build_all(tree)?;
    let npm = |words: &[&str]| {
        let mut npm = tree.command("npm");
        npm.current_dir(tree.path(FOLDER)).args(words);
        npm.env("LATCHKEY_CHROMIUM", &chromium).env("LATCHKEY_HOST", &host);
        run(&mut npm)
    };
    npm(&["ci", "--no-audit", "--no-fund", "--silent"])?;
    npm(&["run", "--silent", "types"])?;
    npm(&["test", "--silent"])
}
