//! Where things are: the work tree, its target folder, and the environment that nested commands run in.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::say::{Because as _, Result, refuse};

/// The work tree this xtask was compiled from.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The folder above `xtask/`.
    pub(crate) fn find() -> Result<Self> {
        match Path::new(env!("CARGO_MANIFEST_DIR")).parent() {
            Some(root) if root.join("Cargo.toml").is_file() => Ok(Self { root: root.to_owned() }),
            _ => refuse(
                "the work tree that xtask was built from is gone; run `cargo xtask` from inside a checkout",
            ),
        }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// What xtask keeps for itself: remembered outcomes, unpacked compilers, locks.
    pub(crate) fn own_folder(&self) -> Result<PathBuf> {
        let folder = self.path("target/toolchain");
        std::fs::create_dir_all(&folder).because(|| format!("cannot make `{}`", folder.display()))?;
        Ok(folder)
    }

    pub(crate) fn read(&self, relative: &str) -> Result<String> {
        std::fs::read_to_string(self.path(relative)).because(|| format!("cannot read `{relative}`"))
    }

    /// A command that runs at the root, without the variables cargo sets for `cargo run` (they are about xtask, and would
    /// make build scripts of other packages run again).
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in std::env::vars_os() {
            let about_xtask = name.to_str().is_some_and(|name| {
                ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"]
                    .iter()
                    .any(|prefix| name.starts_with(prefix))
            });
            if about_xtask {
                command.env_remove(name);
            }
        }
        command
    }

    /// The cargo that runs us.
    pub(crate) fn cargo(&self) -> Command {
        self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }
}

/// Runs to the end, with our stdout kept clean: what the command prints goes to stderr.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdout(std::io::stderr())
        .status()
        .because(|| format!("cannot start `{}`", command.get_program().display()))?;
    if status.success() { Ok(()) } else { refuse(format!("`{}` failed ({status})", shown(command))) }
}

/// Runs to the end and hands back what it printed on stdout.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output =
        command.output().because(|| format!("cannot start `{}`", command.get_program().display()))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr);
    refuse(format!("`{}` failed ({}): {}", shown(command), output.status, told.trim()))
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}
