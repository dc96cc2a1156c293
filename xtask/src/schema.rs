//! `cargo xtask schema`: the page of what lies in the store, printed from the code.

use crate::say::{Because as _, Result, progress, refuse};
use crate::tree::{Tree, output};

const PAGE: &str = "kv-schema/SCHEMA.md";

/// Writes the page; `check` only compares.
pub(crate) fn schema(tree: &Tree, check: bool) -> Result<()> {
    let printed =
        output(tree.cargo().args(["run", "--quiet", "--package", "kv-schema", "--example", "print"]))?;
    let kept = std::fs::read_to_string(tree.path(PAGE)).unwrap_or_default();
    if printed == kept {
        return Ok(());
    }
    if check {
        return refuse(format!(
            "`{PAGE}` is not what the code prints: run `cargo xtask schema` and commit it"
        ));
    }
    std::fs::write(tree.path(PAGE), printed).because(|| format!("cannot write `{PAGE}`"))?;
    progress(format_args!("wrote {PAGE}"));
    Ok(())
}
