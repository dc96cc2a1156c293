//! Single use.

use async_trait::async_trait;
use std::fmt;

use domain::Moment;

/// Why something could not be taken. Outside these are one refusal; the difference is for the log.
#[derive(Debug, Clone)]
pub enum OneTimeError {
    /// It was never issued, was taken before, or its mark is gone.
    Spent,
    /// The store failed; it counts as taken.
    Store(String),
}

impl fmt::Display for OneTimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spent => f.write_str("taken before or never issued"),
            Self::Store(why) => write!(f, "store: {why}"),
        }
    }
}
impl std::error::Error for OneTimeError {}

/// Things that can be used once: links, handoffs, challenges, codes.
///
/// However many requests try at once, on every supported store **at most one** `take` of an issued id succeeds; an error is a refusal.
/// Callers check the bearer's secret before they take: a stranger must not be able to spend, or to create marks.
#[async_trait(?Send)]
pub trait OneTime {
    /// Marks `id` as issued; it can be taken until `expires`.
    async fn issue(&self, id: &str, expires: Moment) -> Result<(), OneTimeError>;

    /// Takes it.
    async fn take(&self, id: &str) -> Result<(), OneTimeError>;

    /// Removes the mark of something that has expired.
    async fn forget(&self, id: &str) -> Result<(), OneTimeError>;
}
