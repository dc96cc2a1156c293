//! The transaction of a browser: what waits for a second factor, whose it is, and how it ends.

use domain::{Digest, Method, Plain, TenantId, Token, secret::TransactionToken};
use kv_schema::{
    Account, Change, account,
    passkeys::{self, Passkeys},
    slot::Slot,
    transaction::{self, Transaction},
};
use serde_json::Value;
use web::{Call, Problem, Response, cookie};

use crate::error::StepUpError;

/// The transaction of this browser.
#[derive(Debug)]
pub(crate) struct Waiting {
    slot: Slot,
    transaction: Transaction,
    browser: Digest,
    cookie: Plain<String>,
}

impl Waiting {
    pub(crate) async fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let cookie = call.cookie(cookie::TRANSACTION).ok_or(StepUpError::TransactionGone)?;
        let token = Token::<TransactionToken>::parse(cookie).ok_or(StepUpError::TransactionGone)?;
        let found = transaction::read(&call.ports, cookie).await?;
        let (slot, transaction) = found.ok_or(StepUpError::TransactionGone)?;
        Ok(Self { slot, transaction, browser: token.digest(), cookie: Plain::new(cookie.to_owned()) })
    }

    /// Whether a factor may be set up on the way: the policy asks everybody for one, nothing looked risky, and there was none.
    pub(crate) const fn may_enrol(&self) -> bool {
        self.transaction.may_enrol
    }

    /// The tenant that is signed in to.
    pub(crate) const fn tenant(&self) -> TenantId {
        self.transaction.handoff.who.tenant()
    }

    /// Whose it is, if that account may still sign in.
    pub(crate) async fn owner(&self, call: &Call<'_>) -> Result<(Account, Passkeys), Problem> {
        let who = &self.transaction.handoff.who;
        let account = account::read(&call.ports, who.account()).await?.filter(Account::is_active);
        let account = account.filter(|account| account.membership(who.tenant()).is_some());
        let account = account.ok_or(StepUpError::Blocked)?;
        let passkeys = passkeys::read(&call.ports, account.id).await?.ok_or(StepUpError::Blocked)?;
        Ok((account, passkeys))
    }

    /// Keeps a passkey's question, in the place of the one before.
    pub(crate) async fn ask(&self, call: &Call<'_>, question: &Value) -> Result<(), Problem> {
        self.change(call, |transaction| {
            transaction.challenge = Some(question.clone());
            Ok(())
        })
        .await
    }

    /// Takes the question that was asked, and counts the try: of many answers at once, one is judged.
    pub(crate) async fn take_question(&self, call: &Call<'_>) -> Result<Value, Problem> {
        self.change(call, |transaction| {
            let question = transaction.challenge.take();
            let question = question.ok_or_else(|| StepUpError::FactorRefused("nothing was asked".into()))?;
            transaction.wrong += 1;
            Ok(question)
        })
        .await
    }

    /// Counts a try with a code, before it is judged.
    pub(crate) async fn count_try(&self, call: &Call<'_>) -> Result<(), Problem> {
        self.change(call, |transaction| {
            transaction.wrong += 1;
            Ok(())
        })
        .await
    }

    async fn change<T>(
        &self,
        call: &Call<'_>,
        mut change: impl FnMut(&mut Transaction) -> Result<T, StepUpError>,
    ) -> Result<T, Problem> {
        let changed = transaction::update(&call.ports, self.slot, |transaction| {
            if transaction.wrong >= MOST_WRONG {
                return Change::Leave(Err(StepUpError::TooManyTries(transaction::LIVES.0)));
            }
            match change(transaction) {
                Ok(told) => Change::Write(Ok(told)),
                Err(refused) => Change::Leave(Err(refused)),
            }
        });
        Ok(changed.await?.ok_or(StepUpError::TransactionGone)??)
    }

    /// Ends it with success, for one caller.
    pub(crate) async fn finish(&self, call: &Call<'_>) -> Result<(), Problem> {
        if transaction::finish(&call.ports, self.slot).await? {
            return Ok(());
        }
        Err(StepUpError::TransactionGone.into())
    }

    /// The cleared handoff of someone who also proved `method`. Only for code that verified it and finished the transaction.
    pub(crate) fn dangerous_clear(self, call: &Call<'_>, method: Method) -> Result<Cleared, Problem> {
        let handoff = self.transaction.handoff;
        let who = handoff.who.clone().dangerous_also(method, call.ports.now);
        let cleared = handoff.dangerous_clear(who, self.browser, call.ports.now).seal(&call.ports)?;
        Ok(Cleared { handoff: cleared, cookie: self.cookie })
    }
}

/// A cleared handoff, and the cookie it hangs on.
pub(crate) struct Cleared {
    pub(crate) handoff: Plain<String>,
    cookie: Plain<String>,
}

impl Cleared {
    /// The cookie may be about to end: it lives on as long as the handoff.
    pub(crate) fn keep(&self, call: &Call<'_>, response: &mut Response) {
        let lives = kv_schema::handoff::LIVES;
        cookie::set(call.ports.settings, response, cookie::TRANSACTION, &self.cookie, lives);
    }
}

/// Wrong answers to one transaction.
const MOST_WRONG: u8 = 5;
