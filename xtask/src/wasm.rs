//! `cargo xtask build`: every component of `spin.toml` as a `.wasm` file.

use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::manifest::{Manifest, WASM};
use crate::say::{Because as _, Result, progress, refuse};
use crate::toolchain::Toolchain;
use crate::tree::{Tree, run};

/// What to build.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Only these; empty: all that `spin.toml` names.
    pub(crate) only: Vec<String>,
    pub(crate) features: Vec<String>,
}

impl Wanted {
    pub(crate) fn from_args(mut args: Args) -> Result<Self> {
        let mut wanted = Self::default();
        while let Some(option) = args.option()? {
            match option.name.as_str() {
                "--package" | "-p" => wanted.only.push(args.value(option)?),
                "--features" => wanted.features.extend(args.value(option)?.split(',').map(str::to_owned)),
                _ => return option.unknown(),
            }
        }
        Ok(wanted)
    }
}

/// Builds what is wanted and says which files came out.
pub(crate) fn build(tree: &Tree, wanted: &Wanted) -> Result<Vec<PathBuf>> {
    let ids = if wanted.only.is_empty() {
        Manifest::read(tree)?.built_here().map(str::to_owned).collect()
    } else {
        wanted.only.clone()
    };
    let toolchain = Toolchain::ready(tree)?;
    ids.iter().map(|id| component(tree, &toolchain, id, &wanted.features)).collect()
}

/// A crate with the crate types `cdylib` and `rlib` cannot be link-time optimised, so the components are plain libraries
/// (native tests link them) and `cargo rustc` makes the `cdylib`, one package at a time.
fn component(tree: &Tree, toolchain: &Toolchain, id: &str, features: &[String]) -> Result<PathBuf> {
    let manifest = tree.path(&format!("components/{id}/Cargo.toml"));
    if !manifest.is_file() {
        return refuse(format!("there is no component `{id}`: `components/{id}/Cargo.toml` is missing"));
    }
    let mut cargo = toolchain.cargo(tree, "rustc");
    cargo.args(["--release", "--lib", "--crate-type", "cdylib", "--target", "wasm32-wasip2"]);
    cargo.args(["--target-dir", "target/wasm", "--package"]).arg(package(&manifest)?);
    if !features.is_empty() {
        cargo.arg("--features").arg(features.join(","));
    }
    let file = tree.path(WASM).join(format!("{}.wasm", id.replace('-', "_")));
    let before = changed(&file);
    run(&mut cargo)?;
    let after = changed(&file);
    if after.is_none() {
        return refuse(format!("building `{id}` gave no `{}`", file.display()));
    }
    if before != after {
        let size = std::fs::metadata(&file).map_or(0, |file| file.len()) / 1024;
        progress(format_args!("built {id}: {size} KiB"));
    }
    Ok(file)
}

/// A package is named by its folder, so that a component and a crate may bear similar names.
fn package(manifest: &Path) -> Result<String> {
    let text =
        std::fs::read_to_string(manifest).because(|| format!("cannot read `{}`", manifest.display()))?;
    let table: toml::Table = text.parse().because(|| format!("cannot read `{}`", manifest.display()))?;
    let name = table.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    name.map_or_else(
        || refuse(format!("`{}` names no package", manifest.display())),
        |name| Ok(name.to_owned()),
    )
}

fn changed(file: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(file).and_then(|file| file.modified()).ok()
}
