//! Who may add or change passkeys.

use kv_schema::{Account, account, sessions, transaction};
use web::{Call, Problem, cookie};

/// Who adds a passkey.
#[derive(Debug)]
pub(crate) enum Caller {
    /// Someone signed in.
    SignedIn(Account),
    /// Someone whose tenant asks everybody for a second factor, and who has none yet.
    Enrolling(Account),
}

impl Caller {
    pub(crate) const fn account(&self) -> &Account {
        match self {
            Self::SignedIn(account) | Self::Enrolling(account) => account,
        }
    }
}

/// The account of the session.
pub(crate) async fn signed_in(call: &Call<'_>) -> Result<Account, Problem> {
    session(call).await?.ok_or_else(|| Problem::unauthorized("sign in first"))
}

/// The account of the session or, without one, of a step-up that offers to enrol a first factor.
pub(crate) async fn adding(call: &Call<'_>) -> Result<Caller, Problem> {
    if let Some(account) = session(call).await? {
        return Ok(Caller::SignedIn(account));
    }
    if let Some(cookie) = call.cookie(cookie::TRANSACTION)
        && let Some((_, waiting)) = transaction::read(&call.ports, cookie).await?
        && waiting.may_enrol
        && let Some(account) = account::read(&call.ports, waiting.handoff.who.account()).await?
        && account.is_active()
    {
        return Ok(Caller::Enrolling(account));
    }
    Err(Problem::unauthorized("sign in first"))
}

async fn session(call: &Call<'_>) -> Result<Option<Account>, Problem> {
    let Some(cookie) = call.cookie(cookie::SESSION) else { return Ok(None) };
    Ok(sessions::check(&call.ports, cookie).await?.map(|(_, account)| account))
}
