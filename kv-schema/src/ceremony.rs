//! Passkey ceremonies: what was asked of a browser, kept until it answers, once.

use domain::{AccountId, Plain, Secs, TenantId, mins, secret::CeremonyToken};
use ports::{Failure, OneTimeError, Ports};
use serde::{Deserialize, Serialize};

use crate::slot;

/// What a ceremony is for; an answer is taken only where its question was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Purpose {
    /// Signing in; to a tenant, if the request named one; as the person with the typed address, if one was typed.
    SignIn {
        /// The tenant that was named.
        tenant: Option<TenantId>,
        /// The account of the typed address, if it has one.
        account: Option<AccountId>,
        /// Whether an address was typed.
        identified: bool,
    },
    /// Adding a passkey to the account of a session.
    Register {
        /// The session's account.
        account: AccountId,
    },
}

/// A ceremony.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ceremony {
    /// What it is for.
    pub purpose: Purpose,
    /// The verifier's own state (challenge and more).
    pub state: serde_json::Value,
}

/// Begins a ceremony; the cookie's value is returned once. One write, and a sixteenth for its number.
pub async fn begin(ports: &Ports<'_>, ceremony: &Ceremony) -> Result<Plain<String>, Failure> {
    slot::issue::<CeremonyToken, _>(ports, KIND, ceremony, LIVES).await
}

/// Takes the ceremony of this cookie: whoever is first. `None` if there is none, it is over, or somebody was first.
pub async fn take(ports: &Ports<'_>, cookie: &str) -> Result<Option<Ceremony>, Failure> {
    let Some((slot, ceremony)) = slot::open::<CeremonyToken, Ceremony>(ports, KIND, cookie).await? else {
        return Ok(None);
    };
    match ports.one_time.issue(slot.once().as_str(), ports.now.plus(LIVES)).await {
        Ok(()) => Ok(Some(ceremony)),
        Err(OneTimeError::Spent) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// How long a person has for it (WebAuthn L3 section 15.1).
pub const LIVES: Secs = mins(5);
const KIND: &str = "ceremony";
