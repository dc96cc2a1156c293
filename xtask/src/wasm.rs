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
    // The guests that only tests serve lie beside the tests that drive them.
    let manifests = ["components", "tests"].map(|folder| tree.path(&format!("{folder}/{id}/Cargo.toml")));
    let Some(manifest) = manifests.iter().find(|manifest| manifest.is_file()) else {
        return refuse(format!("there is no component `{id}`: `components/{id}/Cargo.toml` is missing"));
    };
    let mut cargo = toolchain.cargo(tree, "rustc");
    cargo.args(["--release", "--lib", "--crate-type", "cdylib", "--target", "wasm32-wasip2"]);
    cargo.args(["--target-dir", "target/wasm", "--package"]).arg(package(manifest)?);
    let usual = tree.path(WASM).join(format!("{}.wasm", id.replace('-', "_")));
    let file = if features.is_empty() { usual.clone() } else { variant(&usual, features) };
    let before = changed(&file);
    if features.is_empty() {
        run(&mut cargo)?;
    } else {
        cargo.arg("--features").arg(features.join(","));
        aside(&usual, &file, || run(&mut cargo))?;
    }
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

/// Where a component built with other features goes: `passkey.wasm` with `spin-ports/one-time-redis` is `passkey.one-time-redis.wasm`.
fn variant(usual: &Path, features: &[String]) -> PathBuf {
    let names: Vec<&str> =
        features.iter().map(|feature| feature.rsplit('/').next().unwrap_or(feature)).collect();
    usual.with_extension(format!("{}.wasm", names.join("-")))
}

/// Cargo names its output by the package alone, so the usual one steps aside while the variant is built.
fn aside(usual: &Path, file: &Path, build: impl FnOnce() -> Result<()>) -> Result<()> {
    let parked = usual.with_extension("wasm.parked");
    let moved = |from: &Path, to: &Path| {
        std::fs::rename(from, to)
            .because(|| format!("cannot move `{}` to `{}`", from.display(), to.display()))
    };
    let had = usual.is_file();
    if had {
        moved(usual, &parked)?;
    }
    let built = build().and_then(|()| moved(usual, file));
    if had {
        moved(&parked, usual)?;
    }
    built
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
