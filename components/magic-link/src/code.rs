//! `POST /magic-link/code`: the code of the mail, typed in the starting browser.

use domain::{Digest, Moment, Token, secret::AttemptToken};
use kv_schema::{
    Change,
    link::{self, Link, Place},
};
use ports::{Failure, Ports};
use web::{Call, Problem, Response, cookie};

use crate::{
    begin::WRONG_COUNTS_FOR,
    confirm,
    error::LinkError,
    pages,
    redeem::{self, Claimed},
    wire::Typed,
};

const MOST_WRONG_PER_MAIL: u8 = 5;
const MOST_WRONG_PER_HOUR: usize = 30;

/// Redeems a typed code.
pub(crate) async fn redeem(call: &Call<'_>) -> Result<Response, Problem> {
    match try_redeem(call).await {
        Err(problem) if call.request.is_form() && problem.code() == "code_wrong" => Ok(pages::code_wrong()),
        ended => pages::or_refusal(call, ended),
    }
}

async fn try_redeem(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let typed: Typed = call.request.json_or_form()?;
    let ports = call.ports;
    let cookie =
        call.cookie(cookie::ATTEMPT).and_then(Token::<AttemptToken>::parse).ok_or(LinkError::Expired)?;
    let place = Place::from_bytes(cookie.locator()).ok_or(LinkError::Expired)?;
    let mut failed: Option<Failure> = None;
    let judged = link::update(&ports, &place, |link| {
        match judge(&ports, link, place, &cookie.digest(), &typed.code()) {
            Ok(change) => change,
            Err(failure) => {
                failed = Some(failure);
                Change::Leave(Err(LinkError::Expired))
            }
        }
    })
    .await?
    .unwrap_or(Err(LinkError::Expired));
    if let Some(failure) = failed {
        return Err(failure.into());
    }
    let handoff = judged?.handoff(&ports).await?;
    Ok(if call.request.is_form() { pages::go_on(&handoff) } else { confirm::handed_over(&handoff) })
}

fn judge(
    ports: &Ports<'_>,
    link: &mut Link,
    place: Place,
    browser: &Digest,
    code: &str,
) -> Result<Change<Result<Claimed, LinkError>>, Failure> {
    let now = ports.now;
    let waits = hourly_wait(link, now);
    let attempt = match redeem::alive(link, place, now, |attempt| attempt.browser == *browser) {
        Ok(attempt) => attempt,
        Err(error) => return Ok(Change::Leave(Err(error))),
    };
    // Budgets before the code: a right guess beyond them is worth nothing.
    if attempt.wrong_codes >= MOST_WRONG_PER_MAIL {
        let after = attempt.expires.since(now).0.max(1);
        return Ok(Change::Leave(Err(LinkError::TooManyTries(after))));
    }
    if let Some(after) = waits {
        return Ok(Change::Leave(Err(LinkError::TooManyTries(after))));
    }
    let right = redeem::code_digest(ports, &attempt.token, code)? == attempt.code;
    // Without a mail there is no code that anyone could know.
    if right && attempt.mailed {
        return Ok(match redeem::claim(place, link, now) {
            Ok(claimed) => Change::Write(Ok(claimed)),
            Err(error) => Change::Leave(Err(error)),
        });
    }
    attempt.wrong_codes += 1;
    link.wrong.retain(|at| at.plus(WRONG_COUNTS_FOR) > now);
    link.wrong.push(now);
    Ok(Change::Write(Err(LinkError::CodeWrong)))
}

/// Seconds until the address may try another code, if it has used up the hour's.
fn hourly_wait(link: &Link, now: Moment) -> Option<u64> {
    let recent: Vec<Moment> =
        link.wrong.iter().copied().filter(|at| at.plus(WRONG_COUNTS_FOR) > now).collect();
    let frees = recent.len().checked_sub(MOST_WRONG_PER_HOUR)?;
    Some(recent.get(frees)?.plus(WRONG_COUNTS_FOR).since(now).0.max(1))
}
