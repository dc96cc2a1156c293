//! What the person at the terminal reads: progress and complaints on stderr, results on stdout.

use std::fmt::Display;
use std::io::Write as _;

/// Why a command stops: a sentence that says what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) String);

/// The result of everything in this crate.
pub(crate) type Result<T> = std::result::Result<T, Refusal>;

impl Display for Refusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.0)
    }
}

/// `Err` with a sentence.
pub(crate) fn refuse<T>(sentence: impl Into<String>) -> Result<T> {
    Err(Refusal(sentence.into()))
}

/// Gives a foreign error the beginning of a sentence: `what: error`.
pub(crate) trait Because<T> {
    fn because(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Display> Because<T> for std::result::Result<T, E> {
    fn because(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Refusal(format!("{}: {error}", what())))
    }
}

/// One line of progress, on stderr. A closed stderr is no reason to stop.
pub(crate) fn progress(line: impl Display) {
    drop(writeln!(std::io::stderr(), "{line}"));
}

/// One line of result, on stdout, at once.
pub(crate) fn result(line: impl Display) {
    let mut out = std::io::stdout();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
