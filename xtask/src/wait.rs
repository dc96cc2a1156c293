//! The one place of this crate that looks at the clock.

use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use crate::say::{Because as _, Result};

/// A span of time that began when it was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watch(Instant);

impl Watch {
    #[allow(
        clippy::disallowed_methods,
        reason = "chores measure how long they take; nothing that ships uses this crate"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// How a child ended that was given a limit.
#[derive(Debug)]
pub(crate) enum Ended {
    Well,
    Badly(ExitStatus),
    /// It was still running, and was killed.
    Late,
}

/// Waits for a child, at most this long.
pub(crate) fn within(limit: Duration, child: &mut Child) -> Result<Ended> {
    let watch = Watch::start();
    loop {
        if let Some(status) = child.try_wait().because(|| "cannot wait for a child process".to_owned())? {
            return Ok(if status.success() { Ended::Well } else { Ended::Badly(status) });
        }
        if watch.elapsed() > limit {
            child.kill().and_then(|()| child.wait()).because(|| "cannot stop a child process".to_owned())?;
            return Ok(Ended::Late);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
