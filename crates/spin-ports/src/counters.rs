//! Single use by counting: 1 is issued, 2 is taken, everything else is a refusal (reference/SPIN.md 1.4).
//!
//! `increment` is atomic wherever it exists, so of any number of parallel callers exactly one sees each sum. A lost answer leaves the
//! counter too high, never too low: an error refuses somebody who was right, and lets in nobody who was not.

use async_trait::async_trait;
use domain::Moment;
use ports::{OneTime, OneTimeError, Store, StoreError};

/// Single use over a store's counters.
pub(crate) struct Counters<'a>(&'a dyn Store);

impl<'a> Counters<'a> {
    pub(crate) const fn over(store: &'a dyn Store) -> Self {
        Self(store)
    }

    async fn expect(&self, id: &str, sum: i64) -> Result<(), OneTimeError> {
        match self.0.increment(id, 1).await {
            Ok(found) if found == sum => Ok(()),
            Ok(_) => Err(OneTimeError::Spent),
            Err(StoreError(why)) => Err(OneTimeError::Store(why)),
        }
    }
}

#[async_trait(?Send)]
impl OneTime for Counters<'_> {
    // No store expires a counter by itself: the janitor removes it with its slot.
    async fn issue(&self, id: &str, _expires: Moment) -> Result<(), OneTimeError> {
        self.expect(id, 1).await
    }

    async fn take(&self, id: &str) -> Result<(), OneTimeError> {
        self.expect(id, 2).await
    }

    async fn forget(&self, id: &str) -> Result<(), OneTimeError> {
        self.0.delete(id).await.map_err(|StoreError(why)| OneTimeError::Store(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{Memory, block_on, join_all};

    #[test]
    fn one_issue_and_after_it_one_take() {
        let store = Memory::default();
        let counters = Counters::over(&store);
        let later = Moment::from_secs(1);
        let won =
            |answers: Vec<Result<(), OneTimeError>>| answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(won(block_on(join_all((0..64).map(|_| counters.issue("a", later))))), 1);
        assert_eq!(
            won(block_on(join_all((0..64).map(|_| counters.take("a"))))),
            0,
            "too often issued is spent"
        );
        block_on(counters.issue("b", later)).unwrap();
        assert_eq!(won(block_on(join_all((0..64).map(|_| counters.take("b"))))), 1);
        assert!(matches!(block_on(counters.issue("b", later)), Err(OneTimeError::Spent)));
    }

    #[test]
    fn never_issued_cannot_be_taken() {
        let store = Memory::default();
        assert!(matches!(block_on(Counters::over(&store).take("c")), Err(OneTimeError::Spent)));
    }
}
