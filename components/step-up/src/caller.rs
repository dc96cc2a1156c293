//! Who may look after second factors.

use domain::TenantId;
use kv_schema::{
    Account, Session,
    passkeys::{self, Passkeys},
    sessions,
};
use ports::Ports;
use web::{Call, Problem, cookie};

use crate::{error::StepUpError, waiting::Waiting};

/// Who asks.
#[derive(Debug)]
pub(crate) enum Caller {
    /// Someone signed in.
    SignedIn(Box<(Session, Account)>),
    /// Someone whose tenant asks everybody for a second factor, and who has none yet.
    Enrolling(Box<(Waiting, Account)>),
}

impl Caller {
    /// Who is signed in, or on the way into an account that has to set up its first factor.
    pub(crate) async fn of(call: &Call<'_>) -> Result<Self, Problem> {
        if let Some(found) = session(call).await? {
            return Ok(Self::SignedIn(Box::new(found)));
        }
        match Waiting::read(call).await {
            Ok(waiting) if waiting.may_enrol() => {
                let (account, _) = waiting.owner(call).await?;
                return Ok(Self::Enrolling(Box::new((waiting, account))));
            }
            // The store did not answer: that is no answer to who asks.
            Err(problem) if problem.status().is_server_error() => return Err(problem),
            Ok(_) | Err(_) => {}
        }
        Err(Problem::unauthorized("sign in first"))
    }

    pub(crate) const fn account(&self) -> &Account {
        match self {
            Self::SignedIn(found) => &found.1,
            Self::Enrolling(found) => &found.1,
        }
    }

    /// The tenant it is, or is about to be, signed in to.
    pub(crate) const fn tenant(&self) -> TenantId {
        match self {
            Self::SignedIn(found) => found.0.tenant(),
            Self::Enrolling(found) => found.0.tenant(),
        }
    }

    /// The session, if that is by what it asks.
    pub(crate) const fn session(&self) -> Option<&Session> {
        match self {
            Self::SignedIn(found) => Some(&found.0),
            Self::Enrolling(_) => None,
        }
    }

    /// Whether it may change what the account has. To be asked in the very swap that changes it.
    pub(crate) fn admit(&self, ports: &Ports<'_>, passkeys: &Passkeys) -> Result<(), StepUpError> {
        let admitted = match self {
            Self::SignedIn(found) => passkeys.may_change(&found.0, ports.now),
            Self::Enrolling(_) => !passkeys.has_factor(),
        };
        if admitted { Ok(()) } else { Err(StepUpError::StepUpRequired) }
    }
}

/// The session of the cookie with its account.
pub(crate) async fn signed_in(call: &Call<'_>) -> Result<(Session, Account), Problem> {
    session(call).await?.ok_or_else(|| Problem::unauthorized("sign in first"))
}

async fn session(call: &Call<'_>) -> Result<Option<(Session, Account)>, Problem> {
    let Some(cookie) = call.cookie(cookie::SESSION) else { return Ok(None) };
    Ok(sessions::check(&call.ports, cookie).await?)
}

/// What the account has.
pub(crate) async fn factors(call: &Call<'_>, account: &Account) -> Result<Passkeys, Problem> {
    let found = passkeys::read(&call.ports, account.id).await?;
    found.ok_or_else(|| Problem::unauthorized("sign in first"))
}
