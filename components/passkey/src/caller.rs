//! Who may add or change passkeys.

use kv_schema::{Account, Session, account, passkeys::Passkeys, sessions, transaction};
use ports::Ports;
use web::{Call, Problem, cookie};

/// Who adds a passkey.
#[derive(Debug)]
pub(crate) enum Caller {
    /// Someone signed in.
    SignedIn(Box<(Session, Account)>),
    /// Someone whose tenant asks everybody for a second factor, and who has none yet.
    Enrolling(Account),
}

impl Caller {
    pub(crate) const fn account(&self) -> &Account {
        match self {
            Self::SignedIn(found) => &found.1,
            Self::Enrolling(account) => account,
        }
    }

    /// Whether it has as many factors as what stands beside the passkeys asks for: who reads a mailbox must not get round an authenticator app.
    pub(crate) fn may_change(&self, ports: &Ports<'_>, passkeys: &Passkeys) -> bool {
        match self {
            Self::SignedIn(found) => passkeys.factors.let_pass(&found.0, ports.now),
            Self::Enrolling(_) => true,
        }
    }
}

/// The account of the session.
pub(crate) async fn signed_in(call: &Call<'_>) -> Result<Account, Problem> {
    Ok(found(call).await?.1)
}

/// The session, with its account.
async fn found(call: &Call<'_>) -> Result<(Session, Account), Problem> {
    session(call).await?.ok_or_else(|| Problem::unauthorized("sign in first"))
}

/// Who is signed in, to change what they have.
pub(crate) async fn owner(call: &Call<'_>) -> Result<Caller, Problem> {
    Ok(Caller::SignedIn(Box::new(found(call).await?)))
}

/// The account of the session or, without one, of a step-up that offers to enrol a first factor.
pub(crate) async fn adding(call: &Call<'_>) -> Result<Caller, Problem> {
    if let Some(found) = session(call).await? {
        return Ok(Caller::SignedIn(Box::new(found)));
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

async fn session(call: &Call<'_>) -> Result<Option<(Session, Account)>, Problem> {
    let Some(cookie) = call.cookie(cookie::SESSION) else { return Ok(None) };
    Ok(sessions::check(&call.ports, cookie).await?)
}
