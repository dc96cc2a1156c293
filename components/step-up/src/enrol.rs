//! Looking after one's second factors: what there is, and setting up, confirming and removing an authenticator app.

use domain::{Method, Plain, Secs, mins};
use kv_schema::{
    Change,
    factors::{Factors, Pending, Secret, Totp},
    passkeys::{self, Passkeys},
    tenant,
};
use mail::Event;
use serde_json::json;
use web::{Call, Problem, Response, StatusCode};

use crate::{
    caller::{self, Caller},
    error::StepUpError,
    notify::notify,
    otpauth, rfc6238,
    wire::{self, Activate, Nothing},
};

/// `GET /step-up/factors`
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let (_, account) = caller::signed_in(call).await?;
    Ok(web::json(StatusCode::OK, &wire::overview(&caller::factors(call, &account).await?)))
}

/// `POST /step-up/totp`: a new secret, which counts once the app has answered. An app that is there stays until then.
pub(crate) async fn begin(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let ports = &call.ports;
    let Nothing {} = call.request.json_or_empty()?;
    let caller = Caller::of(call).await?;
    let account = caller.account();
    // Before anything is made: who may not, learns it at no cost.
    caller.admit(ports, &caller::factors(call, account).await?)?;
    let secret: Plain<[u8; SECRET]> = Plain::new(ports.entropy.bytes());
    let wrapped = Secret::wrap(ports, account.id, secret.reveal())?;
    let pending = Pending { secret: wrapped, ends: ports.now.plus(PENDING), wrong: 0 };
    let kept = passkeys::update(ports, account.id, |passkeys| match caller.admit(ports, passkeys) {
        Ok(()) => {
            passkeys.factors.pending = Some(pending.clone());
            Change::Write(Ok(()))
        }
        Err(refused) => Change::Leave(Err(refused)),
    });
    kept.await?.ok_or(StepUpError::Blocked)??;
    let tenant = tenant::read(ports, caller.tenant()).await?;
    let issuer = tenant.map(|tenant| tenant.policy.brand_name());
    let issuer = issuer.filter(|name| !name.is_empty()).unwrap_or_else(|| "Latchkey".to_owned());
    let shown = otpauth::Shown::new(&issuer, account.email.as_str(), secret.reveal());
    let svg = shown.qr_svg().map_err(StepUpError::Unpresentable)?;
    let body = json!({ "uri": shown.uri.reveal(), "secret": shown.secret.reveal(), "qr_svg": svg.reveal() });
    Ok(web::json(StatusCode::OK, &body))
}

/// `POST /step-up/totp/verify`: the app answers, and counts from now on; on the way into a session it answers the step-up with the same code.
pub(crate) async fn activate(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let ports = &call.ports;
    let code = call.request.json::<Activate>()?.code()?;
    let caller = Caller::of(call).await?;
    let account = caller.account().id;
    let known = caller::factors(call, caller.account()).await?;
    caller.admit(ports, &known)?;
    let pending = known.factors.pending.filter(|pending| ports.now < pending.ends);
    let pending = pending.ok_or(StepUpError::EnrolmentGone)?;
    let secret = pending.secret.unwrap(ports, account)?;
    let step = rfc6238::matching(&secret, code.reveal(), ports.now, 0);
    let activated = passkeys::update(ports, account, |passkeys| match caller.admit(ports, passkeys) {
        Ok(()) => settle(&mut passkeys.factors, &pending.secret, step, &caller, ports.now),
        Err(refused) => Change::Leave(Err(refused)),
    });
    activated.await?.ok_or(StepUpError::Blocked)??;
    notify(call, caller.account(), caller.tenant(), Event::AppAdded).await;
    let mut body = wire::overview(&caller::factors(call, caller.account()).await?);
    let Caller::Enrolling(found) = caller else { return Ok(web::json(StatusCode::OK, &body)) };
    let (waiting, _) = *found;
    waiting.finish(call).await?;
    let cleared = waiting.dangerous_clear(call, Method::Totp)?;
    if let Some(members) = body.as_object_mut() {
        members.insert("handoff".into(), cleared.handoff.reveal().as_str().into());
    }
    let mut response = web::json(StatusCode::OK, &body);
    cleared.keep(call, &mut response);
    Ok(response)
}

/// Makes the app that was confirmed the account's, or counts the wrong code.
fn settle(
    factors: &mut Factors,
    shown: &Secret,
    step: Option<u64>,
    caller: &Caller,
    now: domain::Moment,
) -> Change<Result<(), StepUpError>> {
    // Another one may have been begun, or this one confirmed, since it was read.
    let Some(mut pending) = factors.pending.take_if(|pending| pending.secret == *shown) else {
        return Change::Leave(Err(StepUpError::EnrolmentGone));
    };
    let Some(step) = step else {
        pending.wrong += 1;
        factors.pending = (pending.wrong < MOST_WRONG).then_some(pending);
        return Change::Write(Err(StepUpError::FactorRefused("a wrong code while setting up".into())));
    };
    let session = caller.session().map(|session| session.id);
    factors.totp = Some(Totp { secret: pending.secret, made: now, used: now, step, wrong: 0, session });
    Change::Write(Ok(()))
}

/// `DELETE /step-up/totp`: with the last factor the recovery codes go too.
pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, Problem> {
    call.same_site()?;
    let (session, account) = caller::signed_in(call).await?;
    let caller = Caller::SignedIn(Box::new((session, account)));
    let removed = passkeys::update(&call.ports, caller.account().id, |passkeys: &mut Passkeys| {
        if let Err(refused) = caller.admit(&call.ports, passkeys) {
            return Change::Leave(Err(Problem::from(refused)));
        }
        passkeys.factors.pending = None;
        if passkeys.factors.totp.take().is_none() {
            return Change::Leave(Err(Problem::not_found()));
        }
        passkeys.factors.drop_orphans(passkeys.credentials.len());
        Change::Write(Ok(()))
    });
    removed.await?.ok_or(StepUpError::Blocked)??;
    notify(call, caller.account(), caller.tenant(), Event::AppRemoved).await;
    Ok(web::no_content())
}

/// RFC 4226 section 4 asks for 128 bits and recommends 160.
const SECRET: usize = 20;
/// How long a person has to bring the secret into the app.
const PENDING: Secs = mins(15);
/// Wrong codes after which a secret has to be shown anew: most likely it was never read.
const MOST_WRONG: u32 = 10;
