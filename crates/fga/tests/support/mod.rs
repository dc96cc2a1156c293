//! Where the suites' data lie, and the count of what ran.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "each test file uses its part; a test that cannot go on has to stop"
)]

use std::path::PathBuf;

use serde_json::Value;

/// A file of the shared data, or nothing (said loudly) where the folder is absent.
pub(crate) fn data(path: &str) -> Option<String> {
    let root = std::env::var_os("LATCHKEY_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    match std::fs::read_to_string(root.join(path)) {
        Ok(text) => Some(text),
        Err(_) => {
            println!("SKIPPED: the suite {path} is not here");
            None
        }
    }
}

/// A YAML file of the shared data.
pub(crate) fn yaml(path: &str) -> Option<Value> {
    data(path).map(|text| serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}")))
}

/// A JSON file of the shared data.
pub(crate) fn json(path: &str) -> Option<Value> {
    data(path).map(|text| serde_json::from_str(&text).unwrap())
}

/// A list of the suite that names cases to skip, with reasons.
pub(crate) struct Skips {
    reasons: toml::Table,
    suite: &'static str,
    used: Vec<String>,
    ran: usize,
    failed: Vec<String>,
}

impl Skips {
    /// The skips of one suite.
    pub(crate) fn of(suite: &'static str) -> Self {
        let all: toml::Table = include_str!("../skipped.toml").parse().unwrap();
        let reasons = all.get(suite).and_then(toml::Value::as_table).cloned().unwrap_or_default();
        Self { reasons, suite, used: Vec::new(), ran: 0, failed: Vec::new() }
    }

    /// Counts a case. A fault of a case that is listed is forgiven; one that is listed and works is told as stale.
    pub(crate) fn case(&mut self, name: &str, result: Result<(), String>) {
        self.ran += 1;
        match (self.reasons.contains_key(name), result) {
            (true, Err(_)) => self.used.push(name.to_owned()),
            (true, Ok(())) | (false, Ok(())) => {}
            (false, Err(why)) => self.failed.push(format!("{name}: {why}")),
        }
    }

    /// Says how many ran; fails for cases that failed and skips that are stale.
    pub(crate) fn done(self) {
        let stale: Vec<&String> = self.reasons.keys().filter(|name| !self.used.contains(name)).collect();
        println!(
            "{}: {} ran, {} passed, {} skipped with a reason",
            self.suite,
            self.ran,
            self.ran - self.failed.len() - self.used.len(),
            self.used.len()
        );
        assert!(self.failed.is_empty(), "{} failed:\n{}", self.failed.len(), self.failed.join("\n"));
        assert!(stale.is_empty(), "these skips are stale: {stale:?}");
    }
}
