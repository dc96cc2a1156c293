//! The codes that answer a step-up: an authenticator app's, and recovery codes.

use domain::Plain;
use kv_schema::{
    Account, Change,
    factors::{Answer, Recovery},
    passkeys::{self, Passkeys},
};
use mail::Event;
use web::{Call, Problem};

use crate::{error::StepUpError, factor, notify::notify, rfc6238, waiting::Waiting};

/// Whether it is the code of the account's app. Of many requests with one code, one is right: judging, noting and using it up are one swap.
pub(crate) async fn totp(
    call: &Call<'_>,
    waiting: &Waiting,
    account: &Account,
    known: &Passkeys,
    code: &Plain<String>,
) -> Result<(), Problem> {
    waiting.count_try(call).await?;
    let Some(app) = &known.factors.totp else { return none(call, account).await };
    let secret = app.secret.unwrap(&call.ports, account.id)?;
    let now = call.ports.now;
    let answered = passkeys::update(&call.ports, account.id, |passkeys| {
        // Set up anew meanwhile: the code belongs to the secret that was read.
        let same = passkeys.factors.totp.as_mut().filter(|each| each.secret == app.secret);
        let Some(app) = same else { return Change::Leave(Answer::Wrong) };
        let step = rfc6238::matching(&secret, code.reveal(), now, app.step);
        let answer = app.answer(step, now);
        write(passkeys, answer, now)
    });
    told(call, waiting, account, answered.await?).await
}

/// Whether it is one of the account's recovery codes; it is used up with the same swap, and its owner told by mail.
pub(crate) async fn recovery(
    call: &Call<'_>,
    waiting: &Waiting,
    account: &Account,
    code: &Plain<String>,
) -> Result<(), Problem> {
    waiting.count_try(call).await?;
    let digest = Recovery::digest(&call.ports.settings.keyring_key()?, account.id, code.reveal());
    let now = call.ports.now;
    let mut left = 0;
    let answered = passkeys::update(&call.ports, account.id, |passkeys| {
        let Some(list) = passkeys.factors.recovery.as_mut() else {
            return write(passkeys, Answer::Wrong, now);
        };
        let answer = list.answer(&digest, now);
        left = list.codes.len();
        write(passkeys, answer, now)
    });
    told(call, waiting, account, answered.await?).await?;
    notify(call, account, waiting.tenant(), Event::CodeUsed(left)).await;
    Ok(())
}

fn write(passkeys: &mut Passkeys, answer: Answer, now: domain::Moment) -> Change<Answer> {
    match answer {
        Answer::Disabled => return Change::Leave(answer),
        Answer::Wrong | Answer::LastWrong => factor::note_failure(passkeys, now),
        Answer::Right => {}
    }
    Change::Write(answer)
}

async fn told(
    call: &Call<'_>,
    waiting: &Waiting,
    account: &Account,
    answer: Option<Answer>,
) -> Result<(), Problem> {
    if answer == Some(Answer::LastWrong) {
        notify(call, account, waiting.tenant(), Event::FactorDisabled).await;
    }
    match answer {
        Some(Answer::Right) => Ok(()),
        Some(Answer::Disabled) => Err(StepUpError::FactorDisabled.into()),
        Some(Answer::Wrong | Answer::LastWrong) => {
            Err(StepUpError::FactorRefused("a wrong code".into()).into())
        }
        None => Err(StepUpError::Blocked.into()),
    }
}

/// The account has no such factor: as wrong as a wrong code, in the same words.
async fn none(call: &Call<'_>, account: &Account) -> Result<(), Problem> {
    let refused = StepUpError::FactorRefused("the account has no authenticator app".into());
    Err(factor::refuse(call, account.id, refused).await?)
}
