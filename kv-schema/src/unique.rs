//! Things with a unique name that come into being once, although no store creates exclusively.
//!
//! A **cell** holds the number that was decided for a name; the thing itself lies under a key that contains the number. Who wants to make it
//! writes the thing under its own number first and then proposes the number: a crash before leaves something that nobody can reach, a crash after leaves
//! it whole. Who loses removes its own.

use domain::Moment;
use ports::{Failure, Ports};

use crate::Key;

/// A number to propose: the second in the high half, chance in the low one; above 10¹⁸ as the store contract asks.
pub(crate) fn propose(ports: &Ports<'_>) -> i64 {
    propose_marked(ports, u32::from_be_bytes(ports.entropy.bytes()))
}

/// A number to propose that its proposer knows again by the low half.
pub(crate) fn propose_marked(ports: &Ports<'_>, mark: u32) -> i64 {
    let second = u32::try_from(ports.now.secs()).unwrap_or(u32::MAX >> 1) & (u32::MAX >> 1);
    (i64::from(second) << 32) | i64::from(mark)
}

/// Whether a number was proposed with this mark.
pub(crate) fn is_marked(number: i64, mark: u32) -> bool {
    number & i64::from(u32::MAX) == i64::from(mark)
}

/// The moment at which a number was proposed.
pub(crate) fn proposed_at(number: i64) -> Moment {
    Moment::from_secs(u64::try_from(number >> 32).unwrap_or_default())
}

/// Decides for `number` after its thing was written; `Ok(number)` if it won, `Err(winner)` if the thing exists under another number.
pub(crate) async fn settle(ports: &Ports<'_>, cell: &Key, number: i64) -> Result<Result<(), i64>, Failure> {
    let decided = ports.store.decide(cell.as_str(), number).await?;
    Ok(if decided == number { Ok(()) } else { Err(decided) })
}

/// What was decided for a name of which nothing is ever withdrawn; asked of the store once in the life of an instance.
pub(crate) async fn decided_for_good(ports: &Ports<'_>, cell: &Key) -> Result<Option<i64>, Failure> {
    Ok(ports.blocks.decided_for_good(ports.store, cell.as_str()).await?)
}

/// What was decided for a name.
pub(crate) async fn decided(ports: &Ports<'_>, cell: &Key) -> Result<Option<i64>, Failure> {
    Ok(ports.store.decided(cell.as_str()).await?)
}
