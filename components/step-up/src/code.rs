//! The codes that answer a step-up: an authenticator app's, and recovery codes.

use domain::{AccountId, Plain};
use kv_schema::{
    Change,
    factors::{Answer, Recovery},
    passkeys::{self, Passkeys},
};
use web::{Call, Problem};

use crate::{error::StepUpError, factor, rfc6238};

/// Whether it is the code of the account's app. Of many requests with one code, one is right: judging, noting and using it up are one swap.
pub(crate) async fn totp(
    call: &Call<'_>,
    account: AccountId,
    known: &Passkeys,
    code: &Plain<String>,
) -> Result<(), Problem> {
    let Some(app) = &known.factors.totp else { return none(call, account).await };
    let secret = app.secret.unwrap(&call.ports, account)?;
    let now = call.ports.now;
    let answered = passkeys::update(&call.ports, account, |passkeys| {
        // Set up anew meanwhile: the code belongs to the secret that was read.
        let same = passkeys.factors.totp.as_mut().filter(|each| each.secret == app.secret);
        let Some(app) = same else { return Change::Leave(Answer::Wrong) };
        let step = rfc6238::matching(&secret, code.reveal(), now, app.step);
        let answer = app.answer(step, now);
        write(passkeys, answer, now)
    });
    told(answered.await?)
}

/// Whether it is one of the account's recovery codes; it is used up with the same swap.
pub(crate) async fn recovery(
    call: &Call<'_>,
    account: AccountId,
    code: &Plain<String>,
) -> Result<(), Problem> {
    let digest = Recovery::digest(&call.ports.settings.keyring_key()?, account, code.reveal());
    let now = call.ports.now;
    let answered = passkeys::update(&call.ports, account, |passkeys| {
        let answer =
            passkeys.factors.recovery.as_mut().map_or(Answer::Wrong, |list| list.answer(&digest, now));
        write(passkeys, answer, now)
    });
    told(answered.await?)
}

fn write(passkeys: &mut Passkeys, answer: Answer, now: domain::Moment) -> Change<Answer> {
    match answer {
        Answer::Disabled => return Change::Leave(answer),
        Answer::Wrong => factor::note_failure(passkeys, now),
        Answer::Right => {}
    }
    Change::Write(answer)
}

fn told(answer: Option<Answer>) -> Result<(), Problem> {
    match answer {
        Some(Answer::Right) => Ok(()),
        Some(Answer::Disabled) => Err(StepUpError::FactorDisabled.into()),
        Some(Answer::Wrong) => Err(StepUpError::FactorRefused("a wrong code".into()).into()),
        None => Err(StepUpError::Blocked.into()),
    }
}

/// The account has no such factor: as wrong as a wrong code, in the same words.
async fn none(call: &Call<'_>, account: AccountId) -> Result<(), Problem> {
    let refused = StepUpError::FactorRefused("the account has no authenticator app".into());
    Err(factor::refuse(call, account, refused).await?)
}
