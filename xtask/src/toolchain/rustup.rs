//! `rustup target add`, with a limit: where its servers cannot be reached it would try for minutes.

use std::process::Stdio;
use std::time::Duration;

use crate::say::{Because as _, Result, progress, refuse};
use crate::tree::Tree;
use crate::wait::{Ended, within};

/// Long enough for a download of 20 MB on a slow line.
const LIMIT: Duration = Duration::from_secs(60);

/// A refusal is believed for this long, then rustup is asked again.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn add_target(tree: &Tree, try_again: bool) -> Result<()> {
    let refused = tree.own_folder()?.join("rustup-refused");
    let lately = std::fs::metadata(&refused)
        .and_then(|file| file.modified())
        .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < REMEMBERED));
    if lately && !try_again {
        return refuse("could not be reached lately");
    }
    progress("wasm32-wasip2: asking rustup for the target");
    let mut rustup = tree.command("rustup");
    rustup.args(["target", "add", "wasm32-wasip2"]).env("RUSTUP_MAX_RETRIES", "0");
    rustup.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let outcome = match rustup.spawn() {
        Err(_) => refuse("is not installed"),
        Ok(mut child) => match within(LIMIT, &mut child)? {
            Ended::Well => Ok(()),
            Ended::Badly(status) => refuse(format!("`rustup target add` failed ({status})")),
            Ended::Late => refuse(format!("`rustup target add` took longer than {} s", LIMIT.as_secs())),
        },
    };
    if outcome.is_err() {
        std::fs::write(&refused, "").because(|| format!("cannot write `{}`", refused.display()))?;
    }
    outcome
}
