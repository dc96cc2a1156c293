//! The clock, chance and the log.

use std::{
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use domain::Moment;
use ports::{Entropy, Log};

/// The clock, read once per request.
#[expect(clippy::disallowed_methods, reason = "the one place that hands it in")]
pub(crate) fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The host's random source.
pub(crate) struct Chance;

impl Entropy for Chance {
    #[expect(clippy::disallowed_methods, reason = "the one place that hands it in")]
    fn fill(&self, into: &mut [u8]) {
        if getrandom::fill(into).is_err() {
            // There is no answer that may go out with a key that can be guessed.
            std::process::abort();
        }
    }
}

/// Standard error, which every Spin host keeps as the component's log.
pub(crate) struct Stderr;

impl Log for Stderr {
    fn warn(&self, line: &str) {
        // A log that cannot be written is no reason to refuse a request.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}
