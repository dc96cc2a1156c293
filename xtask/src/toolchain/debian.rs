//! Debian's compiler: current, with its library source, and reachable wherever Debian's packages are.
//!
//! It has no ready-made `wasm32-wasip2` library, so cargo builds one (`-Z build-std`, about a minute, once), and it has no
//! linker for components, so that comes from the toolchain in use.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{InUse, Toolchain};
use crate::say::{Because as _, Result, progress, refuse};
use crate::tree::{Tree, output, run};

/// What is installed where we are root.
pub(super) const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"];

/// Debian's compiler, and the linker it borrows.
#[derive(Debug)]
pub(crate) struct Compiler {
    /// The root the packages are unpacked in: `/`, or a folder of ours.
    root: PathBuf,
    /// The toolchain in use, which has `wasm-component-ld`.
    linkers: PathBuf,
    machine: String,
}

/// Debian's compiler in its usual place, installed if we may.
pub(super) fn installed(in_use: &InUse) -> Result<Toolchain> {
    let compiler = Compiler::at(Path::new("/"), in_use)?;
    if compiler.missing().is_none() && compiler.root.join("usr/bin/cargo").is_file() {
        return Ok(Toolchain::Debian(compiler));
    }
    if !rustix::process::geteuid().is_root() {
        return refuse("only root can install packages");
    }
    progress(format_args!("wasm32-wasip2: installing {}", PACKAGES.join(", ")));
    run(apt("apt-get").args(["update", "--quiet=2"]))?;
    run(apt("apt-get").args(["install", "--quiet=2", "--yes", "--no-install-recommends"]).args(PACKAGES))?;
    match compiler.missing() {
        None => Ok(Toolchain::Debian(compiler)),
        Some(file) => refuse(format!("after installing its packages there is no `{}`", file.display())),
    }
}

/// Debian's compiler unpacked into the target folder; touches nothing of the system.
pub(super) fn unpacked(tree: &Tree, in_use: &InUse) -> Result<Toolchain> {
    let root = tree.own_folder()?.join("debian");
    let compiler = Compiler::at(&root, in_use)?;
    if compiler.missing().is_none() {
        return Ok(Toolchain::Debian(compiler));
    }
    progress("wasm32-wasip2: fetching Debian's compiler into target/toolchain (130 MB)");
    let apt = Apt::in_folder(tree.own_folder()?.join("apt"))?;
    let packages = apt.folder.join("packages");
    for folder in [&packages, &root] {
        std::fs::create_dir_all(folder).because(|| format!("cannot make `{}`", folder.display()))?;
    }
    run(apt.command("apt-get").args(["update", "--quiet=2"]))?;
    run(apt
        .command("apt-get")
        .args(["download", "--quiet=2"])
        .args(apt.versioned()?)
        .current_dir(&packages))?;
    let listed = std::fs::read_dir(&packages).because(|| format!("cannot list `{}`", packages.display()))?;
    for package in listed.flatten().map(|entry| entry.path()) {
        run(Command::new("dpkg").arg("-x").arg(&package).arg(&root))?;
    }
    // 130 MB that nobody needs again; that they cannot be removed is no reason to stop.
    drop(std::fs::remove_dir_all(&apt.folder));
    match compiler.missing() {
        None => Ok(Toolchain::Debian(compiler)),
        Some(file) => refuse(format!("after unpacking there is no `{}`", file.display())),
    }
}

impl Compiler {
    fn at(root: &Path, in_use: &InUse) -> Result<Self> {
        let linkers = in_use.sysroot.join("lib/rustlib").join(&in_use.machine).join("bin");
        if !linkers.join("wasm-component-ld").is_file() {
            return refuse(
                "the toolchain in use has no `wasm-component-ld`; rustup's stable toolchain has one",
            );
        }
        Ok(Self { root: root.to_owned(), linkers, machine: in_use.machine.clone() })
    }

    /// The first file of it that is not there.
    fn missing(&self) -> Option<PathBuf> {
        let needed = [
            "usr/bin/rustc",
            "usr/lib/rustlib/src/rust/library/std/Cargo.toml",
            "usr/lib/wasm32-wasi/libc.a",
        ];
        needed.iter().map(|file| self.root.join(file)).find(|file| !file.exists())
    }

    pub(super) fn cargo(&self, tree: &Tree, verb: &str) -> Command {
        let system = self.root == Path::new("/");
        // Debian's rustc cannot be driven through rustup's proxies; its cargo is used where it is installed.
        let mut cargo = if system { tree.command("/usr/bin/cargo") } else { tree.cargo() };
        cargo.args([verb, "-Z", "build-std=std,panic_abort"]);
        cargo.env("PATH", self.path());
        cargo.env("RUSTC", self.root.join("usr/bin/rustc"));
        cargo.env("RUSTC_BOOTSTRAP", "1").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
        let libc = self.root.join("usr/lib/wasm32-wasi");
        cargo.env("CARGO_ENCODED_RUSTFLAGS", format!("-L\u{1f}{}", libc.display()));
        if system {
            cargo.env_remove("LD_LIBRARY_PATH");
        } else {
            let machine = self.machine.replace("-unknown", "");
            let libraries =
                ["usr/lib".to_owned(), format!("usr/lib/{machine}")].map(|folder| self.root.join(folder));
            cargo.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).unwrap_or_default());
        }
        cargo
    }

    fn path(&self) -> OsString {
        let first = [self.linkers.clone(), self.linkers.join("gcc-ld"), self.root.join("usr/bin")];
        let rest = std::env::var_os("PATH").unwrap_or_default();
        std::env::join_paths(first.into_iter().chain(std::env::split_paths(&rest))).unwrap_or(rest)
    }
}

/// apt with lists and downloads of its own, so that nobody needs to be root to bring them up to date.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn in_folder(folder: PathBuf) -> Result<Self> {
        for part in ["state/lists/partial", "cache/archives/partial"] {
            let part = folder.join(part);
            std::fs::create_dir_all(&part).because(|| format!("cannot make `{}`", part.display()))?;
        }
        Ok(Self { folder })
    }

    fn command(&self, program: &str) -> Command {
        let mut apt = apt(program);
        for (option, folder) in [("Dir::State", "state"), ("Dir::Cache", "cache")] {
            apt.arg("-o").arg(format!("{option}={}", self.folder.join(folder).display()));
        }
        apt.args(["-o", "Dir::State::status=/var/lib/dpkg/status", "-o", "APT::Sandbox::User="]);
        apt
    }

    /// The packages to unpack; the names of some carry a version, which moves on.
    fn versioned(&self) -> Result<Vec<String>> {
        let mut depends = self.command("apt-cache");
        depends.args(["depends", "--recurse", "--important", "rustc-web"]);
        let depends = output(&mut depends)?;
        let wanted = |name: &&str| name.starts_with("libstd-rust-web") || name.starts_with("libllvm");
        let named = ["rustc-web", "rust-web-src", "wasi-libc"];
        let mut packages: Vec<_> = named
            .into_iter()
            .chain(depends.lines().map(str::trim).filter(wanted))
            .map(str::to_owned)
            .collect();
        packages.sort();
        packages.dedup();
        Ok(packages)
    }
}

fn apt(program: &str) -> Command {
    let mut apt = Command::new(program);
    apt.env("DEBIAN_FRONTEND", "noninteractive").stdin(std::process::Stdio::null());
    apt
}
