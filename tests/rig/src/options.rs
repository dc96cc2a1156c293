//! What to serve, and how.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Folder, root, spin};

/// What is behind the label `default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// A correct one that keeps nothing.
    Memory,
    /// Spin's own, in the state folder.
    Sqlite,
    /// With the flaws of all the others.
    Hostile,
    /// At this address.
    Redis(String),
}

impl Store {
    fn argument(&self) -> &str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Hostile => "hostile",
            Self::Redis(address) => address,
        }
    }
}

/// What to serve, and how.
#[derive(Debug, Clone)]
pub struct Options {
    pub(crate) manifest: PathBuf,
    pub(crate) store: Store,
    pub(crate) reuse: (u32, u32),
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) die_after_writes: Option<u64>,
    pub(crate) kv_counters: bool,
    /// Files to serve instead of others of the same folder.
    pub(crate) instead: Vec<(String, String)>,
}

impl Options {
    /// The application of this manifest (seen from the root), on SQLite, reused as Spin does by default. `public_url` fits its port.
    pub fn of(manifest: &str) -> Self {
        Self {
            manifest: root().join(manifest),
            store: Store::Sqlite,
            reuse: (128, 16),
            variables: BTreeMap::new(),
            die_after_writes: None,
            kv_counters: false,
            instead: Vec::new(),
        }
    }

    /// The whole house, with a setting for every variable that has none of its own.
    pub fn house() -> Self {
        let usual = [
            ("index_key", "an index key for tests alone"),
            ("handoff_key", "a handoff key for tests alone"),
            ("keyring_key", "a keyring key for tests alone"),
            ("bootstrap_token", "a bootstrap token for tests"),
            ("janitor_token", "a janitor token for tests"),
            ("mailer", "dev-mailbox"),
        ];
        usual.iter().fold(Self::of("spin.toml"), |options, (name, value)| options.variable(name, value))
    }

    /// On another store.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.store = store;
        self
    }

    /// With so many requests per instance, and so many of them at once.
    #[must_use]
    pub const fn reuse(mut self, requests: u32, at_once: u32) -> Self {
        self.reuse = (requests, at_once);
        self
    }

    /// With another setting.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Dies as by `kill -9` right before the write after so many.
    #[must_use]
    pub const fn die_after_writes(mut self, writes: u64) -> Self {
        self.die_after_writes = Some(writes);
        self
    }

    /// Answers tell how often the store was asked (`x-latchkey-kv-reads`, `x-latchkey-kv-writes`).
    #[must_use]
    pub const fn kv_counters(mut self) -> Self {
        self.kv_counters = true;
        self
    }

    /// Serves another component file in the place of one, such as one built with other features.
    #[must_use]
    pub fn instead(mut self, of: &str, file: &str) -> Self {
        self.instead.push((of.to_owned(), file.to_owned()));
        self
    }

    /// Why the chosen host cannot do this, if it cannot.
    pub fn impossible(&self) -> Option<&'static str> {
        spin::binary()?;
        match self.store {
            Store::Memory | Store::Hostile => Some("Spin has no such store"),
            _ if self.die_after_writes.is_some() => Some("Spin does not kill itself"),
            _ => None,
        }
    }

    /// The command that serves all this.
    pub(crate) fn command(&self, port: u16, state: &Path, clock: &Path) -> Command {
        let manifest = self.manifest_for(state);
        let listen = format!("127.0.0.1:{port}");
        let mut command = match spin::binary() {
            Some(spin) => spin::command(&spin, self, &manifest, &listen, state),
            None => self.embedded(&manifest, &listen, state, clock),
        };
        command.env("SPIN_VARIABLE_PUBLIC_URL", format!("http://localhost:{port}"));
        for (name, value) in &self.variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_ascii_uppercase()), value);
        }
        command
    }

    fn embedded(&self, manifest: &Path, listen: &str, state: &Path, clock: &Path) -> Command {
        let mut command = Command::new(host());
        command.arg("--manifest").arg(manifest).args(["--listen", listen, "--store", self.store.argument()]);
        command.arg("--state").arg(state).arg("--clock-offset-file").arg(clock);
        command.arg("--cache").arg(root().join("target/compiled"));
        command.args(["--reuse", &self.reuse.0.to_string(), "--concurrent", &self.reuse.1.to_string()]);
        if let Some(writes) = self.die_after_writes {
            command.args(["--die-after-writes", &writes.to_string()]);
        }
        if self.kv_counters {
            command.arg("--kv-counters");
        }
        command
    }

    /// The manifest itself, or one in the state folder that names other component files.
    fn manifest_for(&self, state: &Path) -> PathBuf {
        let elsewhere = std::env::var("LATCHKEY_WASM_DIR").ok();
        if elsewhere.is_none() && self.instead.is_empty() {
            return self.manifest.clone();
        }
        let text = std::fs::read_to_string(&self.manifest).expect("the manifest");
        let beside = self.manifest.parent().expect("a manifest lies in a folder");
        let lines = text.lines().map(|line| match line.strip_prefix("source = \"") {
            Some(rest) => {
                let source = rest.trim_end().trim_end_matches('"');
                format!("source = \"{}\"", self.source(beside, source, elsewhere.as_deref()))
            }
            None => line.to_owned(),
        });
        let manifest = state.join("spin.toml");
        std::fs::write(&manifest, lines.collect::<Vec<_>>().join("\n")).expect("a manifest of our own");
        manifest
    }

    fn source(&self, beside: &Path, source: &str, elsewhere: Option<&str>) -> String {
        let (folder, name) = source.rsplit_once('/').unwrap_or((".", source));
        let folder = elsewhere.map_or_else(|| beside.join(folder), PathBuf::from);
        let other = self.instead.iter().find(|(of, _)| of == name).map_or(name, |(_, file)| file);
        let file = folder.join(other);
        assert!(file.is_file(), "there is no `{}`: build it with `cargo xtask build`", file.display());
        file.display().to_string()
    }
}

/// The embedded host's program.
pub fn host() -> PathBuf {
    let host = std::env::var_os("LATCHKEY_HOST")
        .map_or_else(|| root().join("host/target/debug/latchkey-host"), PathBuf::from);
    assert!(host.is_file(), "there is no `{}`: build it with `cargo xtask build`", host.display());
    host
}

/// The folder of the built components.
pub fn components() -> PathBuf {
    std::env::var_os("LATCHKEY_WASM_DIR")
        .map_or_else(|| root().join("target/wasm/wasm32-wasip2/release"), PathBuf::from)
}

/// The folder and the files of one application's state.
#[derive(Debug, Default)]
pub(crate) struct State(Folder);

impl State {
    pub(crate) fn folder(&self) -> &Folder {
        &self.0
    }

    pub(crate) fn clock(&self) -> PathBuf {
        self.0.path().join("clock")
    }
}
