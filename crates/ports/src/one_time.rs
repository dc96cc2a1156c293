//! Single use.

use async_trait::async_trait;
use std::fmt;

use domain::Moment;

/// Why something could not be taken. Outside these are one refusal; the difference is for the log.
#[derive(Debug, Clone)]
pub enum OneTimeError {
    /// Somebody was first, or it was never issued.
    Spent,
    /// The store failed; it counts as taken.
    Store(String),
}

impl fmt::Display for OneTimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spent => f.write_str("taken before or never issued"),
            Self::Store(why) => write!(f, "one-time store: {why}"),
        }
    }
}
impl std::error::Error for OneTimeError {}

/// Things that can be used once: handoffs, challenges, codes.
///
/// However many requests try at once, on every supported store **at most one** `issue` of an id succeeds, and after it **at most one** `take`;
/// an error is a refusal. Callers check the bearer's signature or secret first: a stranger must not be able to spend, or to create marks.
#[async_trait(?Send)]
pub trait OneTime {
    /// Makes `id` takeable until `expires`. One caller ever succeeds, so this is also the claim of first use for something
    /// that a signature or a record proves to be genuine.
    async fn issue(&self, id: &str, expires: Moment) -> Result<(), OneTimeError>;

    /// Takes what was issued.
    async fn take(&self, id: &str) -> Result<(), OneTimeError>;

    /// Removes the mark of something that has expired.
    async fn forget(&self, id: &str) -> Result<(), OneTimeError>;
}
