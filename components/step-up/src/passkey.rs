//! A passkey as second factor: `POST /step-up/passkey/options`, and its answer.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use kv_schema::{
    Account, Change,
    passkeys::{self, Passkeys},
};
use serde_json::Value;
use web::{Call, Problem, Response, StatusCode};
use webauthn::{AuthenticationResponse, RelyingParty};

use crate::{error::StepUpError, factor, waiting::Waiting, wire::Nothing};

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
    waiting.ask(call, &question.state).await?;
    Ok(web::json(StatusCode::OK, &question.options))
}

/// Whether the answer to the question that was asked is one of the account's passkeys'.
pub(crate) async fn verify(
    call: &Call<'_>,
    waiting: &Waiting,
    answer: Result<AuthenticationResponse, StepUpError>,
    account: &Account,
    passkeys: &Passkeys,
) -> Result<(), Problem> {
    let now = call.ports.now;
    let state = waiting.take_question(call).await?;
    let judged = answer.and_then(|answer| judge(call, &state, &answer, account, passkeys));
    let (id, credential) = match judged {
        Ok(proved) => proved,
        Err(refused) => return Err(factor::refuse(call, account.id, refused).await?),
    };
    let kept = passkeys::update(&call.ports, account.id, |passkeys| {
        match passkeys.credentials.iter_mut().find(|passkey| passkey.id == id) {
            Some(passkey) => {
                passkey.credential = credential.clone();
                passkey.used = Some(now);
                Change::Write(true)
            }
            None => Change::Leave(false),
        }
    });
    if kept.await? == Some(true) {
        return Ok(());
    }
    Err(StepUpError::FactorRefused("the passkey was removed meanwhile".into()).into())
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

fn rp(call: &Call<'_>) -> RelyingParty {
    let settings = call.ports.settings;
    RelyingParty::new(settings.host(), "Latchkey", vec![settings.public_url().to_owned()])
}
