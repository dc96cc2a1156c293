//! `POST /step-up/passkey/options` and `POST /step-up/verify`: the second factor of a transaction that waits.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use domain::{Digest, Method, Plain, Token, hours, secret::TransactionToken};
use kv_schema::{
    Account, Change, account,
    passkeys::{self, Passkeys},
    slot::Slot,
    transaction::{self, Transaction},
};
use serde_json::{Value, json};
use web::{Call, Problem, Response, StatusCode, cookie};
use webauthn::{AuthenticationResponse, RelyingParty};

use crate::{
    error::StepUpError,
    tries::Try,
    wire::{Nothing, Verify},
};

/// Asks for one of the account's passkeys; a new question replaces the one before.
pub(crate) async fn options(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let Nothing {} = call.request.json_or_empty()?;
    let waiting = Waiting::read(call).await?;
    let (_, passkeys) = waiting.owner(call).await?;
    // Without a list any passkey would be asked for, and nobody's is no answer here.
    if passkeys.credentials.is_empty() {
        return Err(StepUpError::FactorRefused("the account has no passkey".into()).into());
    }
    let credentials: Vec<&Value> = passkeys.credentials.iter().map(|passkey| &passkey.credential).collect();
    let question = webauthn::ask_sign_in(&rp(call), &credentials).map_err(StepUpError::Verifier)?;
    let asked = transaction::update(&call.ports, waiting.slot, |transaction| {
        if transaction.wrong >= MOST_WRONG {
            return Change::Leave(Err(too_many()));
        }
        transaction.challenge = Some(question.state.clone());
        Change::Write(Ok(()))
    });
    asked.await?.ok_or(StepUpError::TransactionGone)??;
    Ok(web::json(StatusCode::OK, &question.options))
}

/// Judges the answer and, if it is right, clears the handoff.
pub(crate) async fn verify(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let ports = &call.ports;
    let answer = call.request.json::<Verify>()?.answer()?;
    let waiting = Waiting::read(call).await?;
    let (account, passkeys) = waiting.owner(call).await?;
    let spent = Try::spend(call, account.id).await?;
    let state = waiting.take_question(call).await?;
    let judged = answer.and_then(|answer| judge(call, &state, &answer, &account, &passkeys));
    let (id, credential) = match judged {
        Ok(proved) => proved,
        Err(refused) => {
            note_failure(call, &account).await?;
            return Err(refused.into());
        }
    };
    let kept = passkeys::update(ports, account.id, |passkeys| {
        match passkeys.credentials.iter_mut().find(|passkey| passkey.id == id) {
            Some(passkey) => {
                passkey.credential = credential.clone();
                passkey.used = Some(ports.now);
                Change::Write(true)
            }
            None => Change::Leave(false),
        }
    });
    if kept.await? != Some(true) {
        return Err(StepUpError::FactorRefused("the passkey was removed meanwhile".into()).into());
    }
    if !transaction::finish(ports, waiting.slot).await? {
        return Err(StepUpError::TransactionGone.into());
    }
    spent.give_back(call).await?;
    let handoff = waiting.transaction.handoff;
    let who = handoff.who.clone().dangerous_also(Method::Passkey, ports.now);
    let cleared = handoff.dangerous_clear(who, waiting.browser, ports.now).seal(ports)?;
    let mut response = web::json(StatusCode::OK, &json!({ "handoff": cleared.reveal() }));
    // The cleared handoff hangs on this cookie, which may be about to end.
    cookie::set(
        ports.settings,
        &mut response,
        cookie::TRANSACTION,
        &waiting.cookie,
        kv_schema::handoff::LIVES,
    );
    Ok(response)
}

/// The transaction of this browser.
struct Waiting {
    slot: Slot,
    transaction: Transaction,
    browser: Digest,
    cookie: Plain<String>,
}

impl Waiting {
    async fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let cookie = call.cookie(cookie::TRANSACTION).ok_or(StepUpError::TransactionGone)?;
        let token = Token::<TransactionToken>::parse(cookie).ok_or(StepUpError::TransactionGone)?;
        let found = transaction::read(&call.ports, cookie).await?;
        let (slot, transaction) = found.ok_or(StepUpError::TransactionGone)?;
        Ok(Self { slot, transaction, browser: token.digest(), cookie: Plain::new(cookie.to_owned()) })
    }

    /// Whose it is, if that account may still sign in.
    async fn owner(&self, call: &Call<'_>) -> Result<(Account, Passkeys), Problem> {
        let who = &self.transaction.handoff.who;
        let account = account::read(&call.ports, who.account()).await?.filter(Account::is_active);
        let account = account.filter(|account| account.membership(who.tenant()).is_some());
        let account = account.ok_or(StepUpError::Blocked)?;
        let passkeys = passkeys::read(&call.ports, account.id).await?.ok_or(StepUpError::Blocked)?;
        Ok((account, passkeys))
    }

    /// Takes the question that was asked, and counts the try: of many answers at once, one is judged.
    async fn take_question(&self, call: &Call<'_>) -> Result<Value, Problem> {
        let taken = transaction::update(&call.ports, self.slot, |transaction| {
            if transaction.wrong >= MOST_WRONG {
                return Change::Leave(Err(too_many()));
            }
            match transaction.challenge.take() {
                Some(state) => {
                    transaction.wrong += 1;
                    Change::Write(Ok(state))
                }
                None => Change::Leave(Err(StepUpError::FactorRefused("nothing was asked".into()))),
            }
        });
        Ok(taken.await?.ok_or(StepUpError::TransactionGone)??)
    }
}

/// Whether one of this account's own passkeys gave that answer; its id and its new state.
fn judge(
    call: &Call<'_>,
    state: &Value,
    answer: &AuthenticationResponse,
    account: &Account,
    passkeys: &Passkeys,
) -> Result<(String, Value), StepUpError> {
    let refused = |why: String| StepUpError::FactorRefused(why);
    let passkey = passkeys
        .find(answer.credential_id())
        .ok_or_else(|| refused("a passkey that is not the account's".into()))?;
    // https://www.w3.org/TR/webauthn-3/#rp-op-verifying-assertion-step-user-handle: known user, so a handle may be missing but not another's.
    if answer.user_handle().is_some_and(|handle| B64.encode(handle) != account.handle) {
        return Err(refused("the user handle of another account".into()));
    }
    let signed = webauthn::finish_sign_in(&rp(call), state, answer, &passkey.credential)
        .map_err(|why| refused(why.to_string()))?;
    Ok((passkey.id.clone(), signed.credential))
}

/// A signal for the next sign-in.
async fn note_failure(call: &Call<'_>, account: &Account) -> Result<(), Problem> {
    let now = call.ports.now;
    passkeys::update(&call.ports, account.id, |passkeys| {
        passkeys.failed.retain(|at| *at > now.minus(hours(1)));
        if passkeys.failed.len() < MOST_NOTED {
            passkeys.failed.push(now);
        }
        Change::Write(())
    })
    .await?;
    Ok(())
}

fn rp(call: &Call<'_>) -> RelyingParty {
    let settings = call.ports.settings;
    RelyingParty::new(settings.host(), "Latchkey", vec![settings.public_url().to_owned()])
}

const fn too_many() -> StepUpError {
    StepUpError::TooManyTries(transaction::LIVES.0)
}

/// Wrong answers to one transaction.
const MOST_WRONG: u8 = 5;
/// Failures that are kept for an hour; more say nothing more.
const MOST_NOTED: usize = 32;
