//! `/magic-link/confirm`: the page behind the link, and the press of its button.

use domain::{
    Digest, Plain, Token,
    secret::{AttemptToken, LinkToken},
};
use kv_schema::{
    Change,
    link::{self, Link, Place, Progress},
};
use serde_json::json;
use web::{Call, Problem, Response, StatusCode, cookie};

use crate::{
    error::LinkError,
    pages,
    redeem::{self, Claimed},
    wire::{Digits, Press, bare_token},
};

/// Wrong digits per mail. Whoever has used them up still gets in where the sign-in started.
const MOST_WRONG_DIGITS: u8 = 10;

/// The page. It reads nothing from the store, so it can be fetched by anything, any number of times.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, Problem> {
    let token = call.request.query("token").map(bare_token);
    let token = token.filter(|token| Token::<LinkToken>::parse(token).is_some());
    Ok(pages::confirm(token, browser(call).is_some()))
}

/// The press.
pub(crate) async fn press(call: &Call<'_>) -> Result<Response, Problem> {
    pages::or_refusal(call, try_press(call).await)
}

async fn try_press(call: &Call<'_>) -> Result<Response, Problem> {
    // Also elsewhere than where it started: the press is one on our own page.
    call.same_site()?;
    let press: Press = call.request.json_or_form()?;
    let ports = call.ports;
    let token = Token::<LinkToken>::parse(press.token()).ok_or(LinkError::Expired)?;
    let place = Place::from_bytes(token.locator()).ok_or(LinkError::Expired)?;
    let browser = browser(call);
    let pressed = link::update(&ports, &place, |link| {
        judge(link, place, &token.digest(), browser.as_ref(), press.digits.as_ref(), ports.now)
    })
    .await?
    .unwrap_or(Pressed::Refused(LinkError::Expired));
    let form = call.request.is_form();
    match pressed {
        Pressed::Here(claimed) => {
            let handoff = claimed.handoff(&ports).await?;
            Ok(if form { pages::go_on(&handoff) } else { handed_over(&handoff) })
        }
        Pressed::Elsewhere if form => Ok(pages::confirmed_elsewhere()),
        Pressed::Elsewhere => Ok(web::json(StatusCode::OK, &json!({"confirmed": true}))),
        Pressed::Refused(LinkError::MatchWrong) if form => {
            Ok(pages::ask_for_digits(press.token(), press.digits.is_some()))
        }
        Pressed::Refused(error) => Err(error.into()),
    }
}

/// What a press came to.
enum Pressed {
    /// It was where the sign-in started.
    Here(Claimed),
    /// It was elsewhere, with the right digits; the starting screen may go on.
    Elsewhere,
    /// It was refused.
    Refused(LinkError),
}

fn judge(
    link: &mut Link,
    place: Place,
    token: &Digest,
    browser: Option<&Digest>,
    digits: Option<&Digits>,
    now: domain::Moment,
) -> Change<Pressed> {
    let refused = |error| Change::Leave(Pressed::Refused(error));
    let attempt = match redeem::alive(link, place, now, |attempt| attempt.token == *token && attempt.mailed) {
        Ok(attempt) => attempt,
        Err(error) => return refused(error),
    };
    if browser == Some(&attempt.browser) {
        return match redeem::claim(place, link, now) {
            Ok(claimed) => Change::Write(Pressed::Here(claimed)),
            Err(error) => refused(error),
        };
    }
    if attempt.progress == Progress::Confirmed {
        return refused(LinkError::Used);
    }
    if attempt.wrong_digits >= MOST_WRONG_DIGITS {
        return refused(LinkError::TooManyTries(attempt.expires.since(now).0.max(1)));
    }
    match digits {
        // Not a try: someone opened the link before reading the screen.
        None => refused(LinkError::MatchWrong),
        Some(digits) if digits.are(attempt.digits) => {
            attempt.progress = Progress::Confirmed;
            Change::Write(Pressed::Elsewhere)
        }
        Some(_) => {
            attempt.wrong_digits += 1;
            Change::Write(Pressed::Refused(LinkError::MatchWrong))
        }
    }
}

/// What the starting browser's cookie hashes to, if this is one that started something.
pub(crate) fn browser(call: &Call<'_>) -> Option<Digest> {
    Some(Token::<AttemptToken>::parse(call.cookie(cookie::ATTEMPT)?)?.digest())
}

/// 200 `{handoff}`.
pub(crate) fn handed_over(handoff: &Plain<String>) -> Response {
    web::json(StatusCode::OK, &json!({"handoff": handoff.reveal()}))
}
