//! `POST /step-up/verify`: the second factor of a transaction that waits.

use domain::Method;
use kv_schema::{Change, passkeys};
use serde_json::json;
use web::{Call, Problem, Response, StatusCode};

use crate::{
    code,
    error::StepUpError,
    passkey,
    tries::{Kind, Try},
    waiting::Waiting,
    wire::{Answer, Verify},
};

/// Judges the answer and, if it is right, clears the handoff.
pub(crate) async fn verify(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let answer = call.request.json::<Verify>()?.answer()?;
    let waiting = Waiting::read(call).await?;
    let (account, passkeys) = waiting.owner(call).await?;
    let kind = if matches!(answer, Answer::Passkey(_)) { Kind::Passkey } else { Kind::Code };
    let spent = Try::spend(call, account.id, kind).await?;
    let method = match answer {
        Answer::Passkey(answer) => {
            passkey::verify(call, &waiting, answer, &account, &passkeys).await?;
            Method::Passkey
        }
        Answer::Totp(code) => {
            code::totp(call, &waiting, &account, &passkeys, &code).await?;
            Method::Totp
        }
        Answer::RecoveryCode(code) => {
            code::recovery(call, &waiting, &account, &code).await?;
            Method::RecoveryCode
        }
    };
    waiting.finish(call).await?;
    spent.give_back(call).await?;
    let cleared = waiting.dangerous_clear(call, method)?;
    let mut response = web::json(StatusCode::OK, &json!({ "handoff": cleared.handoff.reveal() }));
    cleared.keep(call, &mut response);
    Ok(response)
}

/// Notes that a factor was answered wrongly: a signal for the next sign-in.
pub(crate) fn note_failure(passkeys: &mut passkeys::Passkeys, now: domain::Moment) {
    passkeys.failed.retain(|at| *at > now.minus(domain::hours(1)));
    if passkeys.failed.len() < MOST_NOTED {
        passkeys.failed.push(now);
    }
}

/// The same, where nothing else is written.
pub(crate) async fn refuse(
    call: &Call<'_>,
    account: domain::AccountId,
    refused: StepUpError,
) -> Result<Problem, Problem> {
    let now = call.ports.now;
    passkeys::update(&call.ports, account, |passkeys| {
        note_failure(passkeys, now);
        Change::Write(())
    })
    .await?;
    Ok(refused.into())
}

/// Failures that are kept for an hour; more say nothing more.
const MOST_NOTED: usize = 32;
