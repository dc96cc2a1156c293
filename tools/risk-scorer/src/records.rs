//! Recorded sign-ins from files: what `risk_eval.py gen` writes, and the truth beside it.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
};

use risk::Evidence;
use serde::Deserialize;

use crate::{wire::Recorded, world::World};

/// The truth about an event.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Truth {
    pub(crate) id: String,
    pub(crate) user: String,
    #[serde(default)]
    pub(crate) tenant: String,
    pub(crate) label: String,
    pub(crate) cls: String,
    #[serde(default)]
    pub(crate) eval: bool,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

/// A scored sign-in with the truth about it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) truth: Truth,
    pub(crate) evidence: Evidence,
    /// Legitimate sign-ins of the person before this one.
    pub(crate) history: u32,
}

/// Plays a folder through, learning only what was legitimate (the literature's protocol), with the fields of `tiers` alone.
pub(crate) fn play(folder: &Path, tiers: &str) -> Result<Vec<Row>, String> {
    let open = |name: &str| {
        let path = folder.join(name);
        File::open(&path)
            .map(BufReader::new)
            .map_err(|error| format!("cannot read `{}`: {error}", path.display()))
    };
    let mut world = World::default();
    let mut history = std::collections::HashMap::<String, u32>::new();
    let mut rows = Vec::new();
    for (event, truth) in open("events.jsonl")?.lines().zip(open("truth.jsonl")?.lines()) {
        let (event, truth) = (event.map_err(|it| it.to_string())?, truth.map_err(|it| it.to_string())?);
        let recorded: Recorded = serde_json::from_str(&event).map_err(|it| it.to_string())?;
        let truth: Truth = serde_json::from_str(&truth).map_err(|it| it.to_string())?;
        if recorded.id != truth.id {
            return Err(format!(
                "`{}` is not `{}`: events and truth do not belong together",
                recorded.id, truth.id
            ));
        }
        let recorded = recorded.only(tiers);
        if recorded.outcome != "success" {
            world.observe(&recorded);
            continue;
        }
        let (_, evidence) = world.judge(&recorded);
        let before = history.entry(truth.user.clone()).or_default();
        rows.push(Row { evidence, history: *before, truth });
        if rows.last().is_some_and(|row| row.truth.label == "legit") {
            *before += 1;
            world.learn(&recorded);
        }
    }
    crate::say(&format!(
        "{}, tiers {tiers}: {} sign-ins, a person takes {} bytes at most, a tenant's priors {}",
        folder.display(),
        rows.len(),
        world.largest(),
        world.largest_priors()
    ));
    Ok(rows)
}
