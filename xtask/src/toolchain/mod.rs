//! The compiler for `wasm32-wasip2`: the first way that works, found once and remembered.
//!
//! 1. The target of the toolchain in use, if it is installed or `rustup target add` brings it.
//! 2. Debian's compiler with its library source (`rustc-web`, `rust-web-src`, `wasi-libc`), which has no ready-made target
//!    but can build the standard library: installed where we are root, unpacked below `target/toolchain` where we are not.

mod debian;
mod rustup;

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

use crate::say::{Because as _, Refusal, Result, progress, refuse};
use crate::tree::{Tree, output};

/// Names the one way to take; for tests and for the curious.
const FORCED: &str = "LATCHKEY_TOOLCHAIN";

/// A compiler that makes components.
#[derive(Debug)]
pub(crate) enum Toolchain {
    /// rustc in use has the target.
    Target,
    /// Debian's compiler, the standard library built from its source.
    Debian(debian::Compiler),
}

/// The toolchain in use: where it lives and for which machine.
#[derive(Debug)]
struct InUse {
    sysroot: PathBuf,
    machine: String,
}

impl Toolchain {
    /// Finds or installs one. Only one xtask of a work tree looks at a time.
    pub(crate) fn ready(tree: &Tree) -> Result<Self> {
        let folder = tree.own_folder()?;
        let lock = folder.join("lock");
        let lock = File::create(&lock).because(|| format!("cannot open `{}`", lock.display()))?;
        lock.lock().because(|| "cannot wait for another `cargo xtask`".to_owned())?;

        let forced = std::env::var(FORCED).ok();
        let in_use = InUse::ask(tree)?;
        let (toolchain, way) = match forced.as_deref() {
            None => Self::first_that_works(tree, &in_use)?,
            Some("rustup") => (Self::by_target(tree, &in_use, true)?, "the target of rustup's toolchain"),
            Some("debian") => (debian::installed(&in_use)?, "Debian's compiler"),
            Some("unpacked") => {
                (debian::unpacked(tree, &in_use)?, "Debian's compiler, unpacked below target/")
            }
            Some(other) => {
                return refuse(format!(
                    "`{FORCED}={other}` is no way to a compiler; use rustup, debian or unpacked"
                ));
            }
        };
        progress(format_args!("wasm32-wasip2: {way}"));
        Ok(toolchain)
    }

    fn first_that_works(tree: &Tree, in_use: &InUse) -> Result<(Self, &'static str)> {
        let target = match Self::by_target(tree, in_use, false) {
            Ok(target) => return Ok((target, "the target of the toolchain in use")),
            Err(refusal) => refusal,
        };
        let debian = match debian::installed(in_use) {
            Ok(installed) => {
                return Ok((installed, "Debian's compiler, its standard library built from source"));
            }
            Err(refusal) => refusal,
        };
        match debian::unpacked(tree, in_use) {
            Ok(unpacked) => Ok((unpacked, "Debian's compiler, unpacked below target/toolchain")),
            Err(Refusal(unpacked)) => refuse(format!(
                "no compiler for wasm32-wasip2: install it with `rustup target add wasm32-wasip2`, or on Debian as root with \
                 `apt-get install {}` (rustup: {target}; installed: {debian}; unpacked: {unpacked})",
                debian::PACKAGES.join(" ")
            )),
        }
    }

    fn by_target(tree: &Tree, in_use: &InUse, try_again: bool) -> Result<Self> {
        let library = in_use.sysroot.join("lib/rustlib/wasm32-wasip2/lib");
        if !library.is_dir() {
            rustup::add_target(tree, try_again)?;
        }
        if library.is_dir() { Ok(Self::Target) } else { refuse("`rustup target add` brought no library") }
    }

    /// `cargo <verb>` with this compiler; the caller adds package, target and target folder.
    pub(crate) fn cargo(&self, tree: &Tree, verb: &str) -> Command {
        match self {
            Self::Target => {
                let mut cargo = tree.cargo();
                cargo.arg(verb);
                cargo
            }
            Self::Debian(compiler) => compiler.cargo(tree, verb),
        }
    }
}

impl InUse {
    fn ask(tree: &Tree) -> Result<Self> {
        let rustc = || tree.command(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        let sysroot = output(rustc().args(["--print", "sysroot"]))?;
        let version = output(rustc().arg("-vV"))?;
        let machine = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        Ok(Self { sysroot: PathBuf::from(sysroot.trim()), machine: machine.to_owned() })
    }
}
