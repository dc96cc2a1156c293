//! How often a second factor may be answered: per account over all its transactions, with buckets of their own for the devices it knows, so that a
//! stranger who keeps failing cannot lock the owner out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use domain::{AccountId, Secs, TenantId, hours, mins};
use kv_schema::{
    budget::{self, Budget, Spent},
    sessions,
};
use ports::Failure;
use web::{Call, Problem};

use crate::error::StepUpError;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A signature, which nobody guesses.
    Passkey,
    /// A code, which somebody might: the waits between wrong ones grow.
    Code,
}

/// What one try was spent from.
pub(crate) struct Try(Vec<(Budget, String)>);

impl Try {
    /// Spends one, before anything is judged: a hundred answers at once are no more tries than the budget has.
    pub(crate) async fn spend(call: &Call<'_>, account: AccountId, kind: Kind) -> Result<Self, Problem> {
        let buckets = buckets(call, account, kind).await?;
        for (budget, whose) in &buckets {
            // One account, one budget, whichever tenant it signs in to.
            match budget::spend(&call.ports, TenantId::ROOT, *budget, whose).await? {
                Spent::Within => {}
                Spent::Beyond(secs) => return Err(StepUpError::TooManyTries(secs).into()),
            }
        }
        Ok(Self(buckets))
    }

    /// It was right: only wrong answers count.
    pub(crate) async fn give_back(self, call: &Call<'_>) -> Result<(), Failure> {
        for (budget, whose) in &self.0 {
            budget::give_back(&call.ports, TenantId::ROOT, *budget, whose).await?;
        }
        Ok(())
    }
}

async fn buckets(call: &Call<'_>, account: AccountId, kind: Kind) -> Result<Vec<(Budget, String)>, Failure> {
    let device = match call.device() {
        Some(device) => {
            let sessions = sessions::read(&call.ports, account).await?;
            sessions.is_some_and(|sessions| sessions.knows(&device, call.ports.now)).then_some(device)
        }
        None => None,
    };
    let whose = match device {
        Some(device) => format!("{account} device {}", B64.encode(device.bytes())),
        None => format!("{account} network {}", call.network()),
    };
    // The shortest first: a try that has to wait spends nothing of the longer ones.
    let waits: &[Budget] = if kind == Kind::Code { &WAITS } else { &[] };
    let mut all: Vec<_> = waits.iter().chain([&EACH]).map(|budget| (*budget, whose.clone())).collect();
    if device.is_none() {
        all.push((STRANGERS, account.to_string()));
    }
    Ok(all)
}

/// NIST SP 800-63B-4 section 3.2.2: waits that grow, from half a minute to the rest of the hour.
const WAITS: [Budget; 2] = [
    Budget { name: "factor-half-minute", most: 3, window: Secs(30) },
    Budget { name: "factor-ten-minutes", most: 6, window: mins(10) },
];
/// API.md section 1: wrong second-factor codes.
const EACH: Budget = Budget { name: "factor", most: 10, window: hours(1) };
/// All networks together, since a guesser may have many.
const STRANGERS: Budget = Budget { name: "factor-all", most: 30, window: hours(1) };
