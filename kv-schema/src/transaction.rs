//! Step-up transactions: a judged handoff that waits for a second factor.

use domain::{Plain, Secs, mins, secret::TransactionToken};
use ports::{Failure, OneTimeError, Ports};
use serde::{Deserialize, Serialize};

use crate::{Change, Handoff, slot, slot::Slot};

/// What waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transaction {
    /// The handoff that was judged.
    pub handoff: Handoff,
    /// The passkey challenge under way, if one was asked for.
    pub challenge: Option<serde_json::Value>,
    /// Wrong answers so far.
    pub wrong: u8,
    /// Whether a factor may be enrolled to answer it (policy `always`, no risk, no factor yet).
    pub may_enrol: bool,
}

/// Opens a transaction; the cookie's value is returned once.
pub async fn open(ports: &Ports<'_>, transaction: &Transaction) -> Result<Plain<String>, Failure> {
    slot::issue::<TransactionToken, _>(ports, KIND, transaction, LIVES).await
}

/// The transaction of this cookie.
pub async fn read(ports: &Ports<'_>, cookie: &str) -> Result<Option<(Slot, Transaction)>, Failure> {
    slot::open::<TransactionToken, Transaction>(ports, KIND, cookie).await
}

/// Changes a transaction so that no change is lost.
pub async fn update<T>(
    ports: &Ports<'_>,
    slot: Slot,
    change: impl FnMut(&mut Transaction) -> Change<T>,
) -> Result<Option<T>, Failure> {
    slot::update(ports, slot, change).await
}

/// Ends it with success: for one caller.
pub async fn finish(ports: &Ports<'_>, slot: Slot) -> Result<bool, Failure> {
    match ports.one_time.issue(slot.once().as_str(), ports.now.plus(LIVES)).await {
        Ok(()) => Ok(true),
        Err(OneTimeError::Spent) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// How long a person has to answer.
pub const LIVES: Secs = mins(10);
const KIND: &str = "transaction";
