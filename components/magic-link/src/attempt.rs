//! `GET /magic-link/attempt`: how the starting screen learns that its link was pressed elsewhere.

use domain::{Digest, Moment, Plain, Token, secret::AttemptToken};
use kv_schema::{
    Change,
    link::{self, Link, Place, Progress},
};
use serde_json::json;
use web::{Call, Method, Problem, Response, StatusCode, cookie};

use crate::{
    begin,
    error::LinkError,
    pages,
    redeem::{self, Claimed},
};

/// Where the attempt is.
enum Status {
    Pending,
    /// With the handoff: given once.
    Confirmed(Plain<String>),
    /// Over, used, replaced by a newer one, or none.
    Expired,
}

/// Tells the starting browser where its attempt is.
pub(crate) async fn poll(call: &Call<'_>) -> Result<Response, Problem> {
    let status = find(call).await?;
    if call.request.wants_html() {
        return Ok(match &status {
            Status::Pending => pages::still_waiting(),
            Status::Confirmed(handoff) => pages::go_on(handoff),
            Status::Expired => web::html::refusal(&LinkError::Expired.into()),
        });
    }
    let body = match &status {
        Status::Pending => json!({"status": "pending"}),
        Status::Confirmed(handoff) => json!({"status": "confirmed", "handoff": handoff.reveal()}),
        Status::Expired => json!({"status": "expired"}),
    };
    Ok(web::json(StatusCode::OK, &body))
}

async fn find(call: &Call<'_>) -> Result<Status, Problem> {
    let ports = call.ports;
    let cookie = call.cookie(cookie::ATTEMPT).and_then(Token::<AttemptToken>::parse);
    let Some((place, browser)) =
        cookie.and_then(|token| Some((Place::from_bytes(token.locator())?, token.digest())))
    else {
        return Ok(Status::Expired);
    };
    let Some(mut link) = link::read(&ports, &place).await? else { return Ok(Status::Expired) };
    match mine(&mut link, place, &browser, ports.now) {
        None => return Ok(Status::Expired),
        Some(Progress::Pending) => return Ok(Status::Pending),
        // HEAD sees no body, so it must not use up what the body would carry.
        Some(_) if call.request.method() == Method::HEAD => return Ok(Status::Pending),
        Some(_) => {}
    }
    // From here on it is no mere question: another site's page must not use it up.
    begin::not_from_another_site(call)?;
    let claimed = link::update(&ports, &place, |link| match mine(link, place, &browser, ports.now) {
        Some(Progress::Confirmed) => redeem::claim(place, link, ports.now)
            .map_or(Change::Leave(None), |claimed| Change::Write(Some(claimed))),
        _ => Change::Leave(None),
    })
    .await?
    .flatten();
    match claimed.map(|claimed: Claimed| claimed.handoff(&ports)) {
        None => Ok(Status::Expired),
        Some(minting) => match minting.await {
            Ok(handoff) => Ok(Status::Confirmed(handoff)),
            Err(problem) if problem.status() == StatusCode::GONE => Ok(Status::Expired),
            Err(problem) => Err(problem),
        },
    }
}

/// How far the attempt of this browser is, if it is the newest and alive.
fn mine(link: &mut Link, place: Place, browser: &Digest, now: Moment) -> Option<Progress> {
    redeem::alive(link, place, now, |attempt| attempt.browser == *browser)
        .ok()
        .map(|attempt| attempt.progress)
}
