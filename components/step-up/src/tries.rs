//! How often a second factor may be answered: per account over all its transactions, with buckets of their own for the devices it knows, so that a
//! stranger who keeps failing cannot lock the owner out.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use domain::{AccountId, TenantId, hours};
use kv_schema::{
    budget::{self, Budget, Spent},
    sessions,
};
use ports::Failure;
use web::{Call, Problem};

use crate::error::StepUpError;

/// What one try was spent from.
pub(crate) struct Try(Vec<(Budget, String)>);

impl Try {
    /// Spends one, before anything is judged: a hundred answers at once are no more tries than the budget has.
    pub(crate) async fn spend(call: &Call<'_>, account: AccountId) -> Result<Self, Problem> {
        let buckets = buckets(call, account).await?;
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

async fn buckets(call: &Call<'_>, account: AccountId) -> Result<Vec<(Budget, String)>, Failure> {
    if let Some(device) = call.device()
        && let Some(sessions) = sessions::read(&call.ports, account).await?
        && sessions.knows(&device, call.ports.now)
    {
        return Ok(vec![(EACH, format!("{account} device {}", B64.encode(device.bytes())))]);
    }
    Ok(vec![(EACH, format!("{account} network {}", call.network())), (STRANGERS, account.to_string())])
}

/// API.md section 1: wrong second-factor codes.
const EACH: Budget = Budget { name: "factor", most: 10, window: hours(1) };
/// All networks together, since a guesser may have many.
const STRANGERS: Budget = Budget { name: "factor-all", most: 30, window: hours(1) };
