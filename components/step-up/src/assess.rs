//! `POST /step-up/assess`: the one place that clears a handoff without a second factor.

use domain::{Method, Plain};
use futures::future::join4;
use kv_schema::{
    Account, Handoff, Tenant, account,
    handoff::{self, Terms},
    passkeys, sessions, tenant,
    transaction::{self, Transaction},
};
use risk::{Level, Thresholds, Verdict};
use web::{Call, Problem, Response, StatusCode, cookie};

use crate::{
    decide::{self, Decision, Second},
    error::StepUpError,
    page, signals,
    wire::{self, Assess},
};

/// Judges a handoff: as JSON, or as a page for a browser without script.
pub(crate) async fn assess(call: &Call<'_>) -> Result<Response, Problem> {
    if !call.request.is_form() {
        return judge(call).await?.json(call);
    }
    Ok(match judge(call).await {
        Ok(judged) => judged.page(),
        Err(problem) => page::refusal(call, &problem),
    })
}

/// What came of judging.
struct Judged {
    verdict: Verdict,
    outcome: Outcome,
}

enum Outcome {
    /// With the cleared handoff.
    Allow(Plain<String>),
    /// With the cookie of the transaction that waits.
    Challenge(Plain<String>, Ask),
    Block,
}

/// What is asked.
enum Ask {
    /// One of these.
    Answer(Vec<Method>),
    /// To set one of these up first.
    Enrol(&'static [Method]),
}

impl Judged {
    fn json(&self, call: &Call<'_>) -> Result<Response, Problem> {
        let answer =
            |decision, more| web::json(StatusCode::OK, &wire::assessed(decision, &self.verdict, more));
        Ok(match &self.outcome {
            Outcome::Allow(cleared) => answer("allow", vec![("handoff", cleared.reveal().as_str().into())]),
            Outcome::Block => answer("block", vec![]),
            Outcome::Challenge(plain, ask) => {
                let more = match ask {
                    Ask::Answer(factors) => vec![("factors", wire::factors(factors))],
                    Ask::Enrol(factors) => vec![("factors", wire::factors(factors)), ("enrol", true.into())],
                };
                let mut response = answer("challenge", more);
                cookie::set(
                    call.ports.settings,
                    &mut response,
                    cookie::TRANSACTION,
                    plain,
                    transaction::LIVES,
                );
                response
            }
        })
    }

    /// Without script nothing here can answer a challenge, so its cookie is not even set.
    fn page(&self) -> Response {
        match &self.outcome {
            Outcome::Allow(cleared) => page::allowed(cleared),
            Outcome::Challenge(_, ask) => page::challenged(matches!(ask, Ask::Enrol(_))),
            Outcome::Block => page::blocked(&self.verdict),
        }
    }
}

async fn judge(call: &Call<'_>) -> Result<Judged, Problem> {
    call.same_site()?;
    let ports = &call.ports;
    let asked: Assess = call.request.json_or_form()?;
    let mut handoff =
        handoff::take(ports, &asked.handoff, &call.browsers()).await?.map_err(StepUpError::HandoffRefused)?;
    let (id, at) = (handoff.who.account(), handoff.who.tenant());
    let (account, tenant, sessions, passkeys) = join4(
        account::read(ports, id),
        tenant::read(ports, at),
        sessions::read(ports, id),
        passkeys::read(ports, id),
    )
    .await;
    let (Some(tenant), Some(passkeys)) = (admitting(account?, tenant?), passkeys?) else {
        let verdict = Verdict { score: 100, level: Level::High, reasons: vec![decide::ACCOUNT_UNAVAILABLE] };
        return Ok(blocked(call, &handoff, verdict));
    };
    let device = call.device();
    let signals = signals::gather(ports, &handoff, device, &sessions, &passkeys);
    let known = device.filter(|_| signals.device == risk::Signal::Known(risk::Device::Known));
    handoff.terms = Some(Terms::of(&tenant, known));
    let mut verdict = risk::score(&signals, thresholds(&tenant));
    // The channel of the first factor is never the second: none of these is a mail, and a passkey as the first is worth two and is not asked anything.
    let usable = passkeys.usable();
    let second = match (usable.is_empty(), passkeys.has_factor()) {
        (false, _) => Second::Usable,
        (true, true) => Second::Spent,
        (true, false) => Second::None,
    };
    match decide::decide(verdict.level, tenant.policy.second_factor(), handoff.who.acr(), second) {
        Decision::Allow => {
            let (who, browser) = (handoff.who.clone(), handoff.browser);
            let cleared = handoff.dangerous_clear(who, browser, ports.now).seal(ports)?;
            Ok(Judged { verdict, outcome: Outcome::Allow(cleared) })
        }
        Decision::Challenge => challenge(call, handoff, verdict, Ask::Answer(usable)).await,
        Decision::Enrol => challenge(call, handoff, verdict, Ask::Enrol(ENROLLED_ON_THE_WAY)).await,
        Decision::Block(why) => {
            verdict.reasons.push(why);
            Ok(blocked(call, &handoff, verdict))
        }
    }
}

/// The tenant, if the account may sign in to it.
fn admitting(account: Option<Account>, tenant: Option<Tenant>) -> Option<Tenant> {
    let account = account.filter(Account::is_active)?;
    tenant.filter(|tenant| account.membership(tenant.id).is_some())
}

fn thresholds(tenant: &Tenant) -> Thresholds {
    let (medium, high) = tenant.policy.risk();
    let score = |value| u8::try_from(value).unwrap_or(100);
    Thresholds { medium: score(medium), high: score(high) }
}

async fn challenge(
    call: &Call<'_>,
    handoff: Handoff,
    mut verdict: Verdict,
    ask: Ask,
) -> Result<Judged, Problem> {
    if verdict.level == Level::Low {
        verdict.reasons.push(decide::REQUIRED);
    }
    let may_enrol = matches!(ask, Ask::Enrol(_));
    let waiting = Transaction { handoff, challenge: None, wrong: 0, may_enrol };
    let plain = transaction::open(&call.ports, &waiting).await?;
    Ok(Judged { verdict, outcome: Outcome::Challenge(plain, ask) })
}

/// Recovery codes are none: they stand for a factor that somebody has.
const ENROLLED_ON_THE_WAY: &[Method] = &[Method::Passkey, Method::Totp];

fn blocked(call: &Call<'_>, handoff: &Handoff, verdict: Verdict) -> Judged {
    let codes: Vec<_> = verdict.reasons.iter().map(|reason| reason.code).collect();
    call.ports.log.warn(&format!(
        "a sign-in to {} was stopped: score {}, {}",
        handoff.who.tenant(),
        verdict.score,
        codes.join(" ")
    ));
    Judged { verdict, outcome: Outcome::Block }
}
