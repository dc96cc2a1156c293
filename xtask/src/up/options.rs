//! What `cargo xtask up` can be told.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::args::Args;
use crate::say::{Because as _, Result, refuse};

/// The options, checked as far as they can be alone.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) listen: SocketAddr,
    /// Where the state is; by default `.latchkey` at the root.
    pub(crate) state: Option<PathBuf>,
    pub(crate) set: BTreeMap<String, String>,
    pub(crate) seed: bool,
    pub(crate) fresh: bool,
    pub(crate) runtime: Runtime,
    pub(crate) store: Store,
}

/// What runs the components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runtime {
    Embedded,
    Spin,
}

/// Where the default store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Store {
    /// A file in the state folder.
    Sqlite,
    /// A `redis://` address.
    Redis(String),
    /// One of the embedded host's own, for tests: `memory`, `hostile`.
    Own(String),
}

impl Options {
    pub(crate) fn from_args(mut args: Args) -> Result<Self> {
        let mut options = Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3000),
            state: None,
            set: BTreeMap::new(),
            seed: true,
            fresh: false,
            runtime: Runtime::Embedded,
            store: Store::Sqlite,
        };
        while let Some(option) = args.option()? {
            match option.name.as_str() {
                "--listen" => options.listen = listen(&args.value(option)?)?,
                "--state" => options.state = Some(folder(&args.value(option)?)?),
                "--set" => {
                    let (name, value) = setting(&args.value(option)?)?;
                    options.set.insert(name, value);
                }
                "--seed" => options.seed = seed(&args.value(option)?)?,
                "--fresh" => options.fresh = option.flag()?,
                "--runtime" => options.runtime = runtime(&args.value(option)?)?,
                "--store" => options.store = store(&args.value(option)?)?,
                _ => return option.unknown(),
            }
        }
        options.agree()
    }

    fn agree(self) -> Result<Self> {
        match &self.store {
            Store::Redis(_) if self.fresh => refuse(
                "`--fresh` empties the state folder, not Redis: name an empty database instead (redis://host:6379/1)",
            ),
            Store::Own(name) if self.runtime == Runtime::Spin => refuse(format!(
                "Spin has no store `{name}`: leave `--store` out for SQLite, or give a redis:// address"
            )),
            _ => Ok(self),
        }
    }
}

fn listen(text: &str) -> Result<SocketAddr> {
    let address = text.strip_prefix("localhost:").map_or(text.to_owned(), |port| format!("127.0.0.1:{port}"));
    address.parse().because(|| format!("`--listen {text}` is no address and port (such as 127.0.0.1:3000)"))
}

fn folder(text: &str) -> Result<PathBuf> {
    if text.is_empty() {
        return refuse("`--state` needs the name of a folder");
    }
    std::path::absolute(text).because(|| format!("`--state {text}` names no folder"))
}

fn setting(text: &str) -> Result<(String, String)> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => refuse(format!("`--set {text}` should look like NAME=VALUE")),
    }
}

fn seed(text: &str) -> Result<bool> {
    match text {
        "demo" => Ok(true),
        "none" => Ok(false),
        _ => refuse(format!("`--seed {text}` is unknown; there are demo and none")),
    }
}

fn runtime(text: &str) -> Result<Runtime> {
    match text {
        "embedded" => Ok(Runtime::Embedded),
        "spin" => Ok(Runtime::Spin),
        _ => refuse(format!("`--runtime {text}` is unknown; there are embedded and spin")),
    }
}

fn store(text: &str) -> Result<Store> {
    match text {
        "sqlite" => Ok(Store::Sqlite),
        "memory" | "hostile" => Ok(Store::Own(text.to_owned())),
        _ if text.starts_with("redis://") || text.starts_with("rediss://") => {
            Ok(Store::Redis(text.to_owned()))
        }
        _ => refuse(format!("`--store {text}` is unknown; there are sqlite, memory and redis://host:6379")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(words: &[&str]) -> String {
        Options::from_args(Args::of(words)).unwrap_err().0
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_a_sentence() {
        for (words, part) in [
            (&["--listen", "3000"][..], "no address and port"),
            (&["--state", ""], "name of a folder"),
            (&["--set", "public_url"], "NAME=VALUE"),
            (&["--seed", "full"], "demo and none"),
            (&["--runtime", "docker"], "embedded and spin"),
            (&["--store", "postgres://x"], "redis://host:6379"),
            (&["--store", "memory", "--runtime", "spin"], "Spin has no store"),
            (&["--store", "redis://h", "--fresh"], "not Redis"),
            (&["--verbose"], "there is no option"),
        ] {
            let told = refused(words);
            assert!(told.contains(part), "{words:?}: {told}");
        }
    }

    #[test]
    fn the_defaults_are_those_of_the_contract() {
        let options = Options::from_args(Args::of(&[])).unwrap();
        assert_eq!(options.listen.to_string(), "127.0.0.1:3000");
        assert!(options.seed && !options.fresh && options.store == Store::Sqlite);
        assert_eq!(Options::from_args(Args::of(&["--listen=localhost:0"])).unwrap().listen.port(), 0);
    }
}
