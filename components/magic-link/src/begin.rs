//! `POST /magic-link`: an attempt begins and a mail goes out. No account is read, so known and unknown addresses, open and closed sign-up
//! cost and answer the same.

use domain::{
    Email, Moment, Plain, Secs, TenantId, Token, days, hours, mins,
    secret::{AttemptToken, LinkToken},
};
use kv_schema::{
    Change, Tenant,
    budget::{self, Budget, Spent},
    link::{self, Attempt, Link, Progress},
    tenant,
};
use mail::{Language, Mailer, SignIn};
use ports::{Failure, Ports};
use serde_json::json;
use web::{Call, Problem, Response, StatusCode, cookie};

use crate::{error::LinkError, pages, redeem, wire::Ask};

/// How long a link and its code can be used (NIST SP 800-63B-4 and ASVS 6.5.5: ten minutes at most). The letter says it in words.
pub(crate) const LIVES: Secs = mins(10);
/// The cookie outlives the link: the handoff minted in its last moment is bound to it and has to be judged and exchanged.
const COOKIE_LIVES: Secs = mins(20);

/// Requests that send mail, over all tenants.
const PER_NETWORK: Budget = Budget { name: "mail-network", most: 60, window: mins(10) };
/// Mails of one tenant: far beyond honest use, it bounds what a botnet can have sent in a tenant's name.
const PER_TENANT: Budget = Budget { name: "mail-tenant", most: 50_000, window: mins(10) };
const PER_ADDRESS: (usize, Secs) = (6, mins(10));
const PER_ADDRESS_AND_DAY: usize = 20;
/// How long wrong codes are remembered, over all attempts.
pub(crate) const WRONG_COUNTS_FOR: Secs = hours(1);

/// Begins an attempt.
pub(crate) async fn begin(call: &Call<'_>) -> Result<Response, Problem> {
    pages::or_refusal(call, try_begin(call).await)
}

async fn try_begin(call: &Call<'_>) -> Result<Response, Problem> {
    let ports = call.ports;
    not_from_another_site(call)?;
    let ask: Ask = call.request.json_or_form()?;
    let mailer = Mailer::from_settings(ports.settings)?;
    if let Spent::Beyond(after) = budget::spend(&ports, TenantId::ROOT, PER_NETWORK, &call.network()).await? {
        return Err(LinkError::TooManyMails(after).into());
    }
    let tenant = tenant::find(&ports, ask.tenant.as_deref()).await?.ok_or(LinkError::TenantUnknown)?;
    if !tenant.policy.allows("magic_link") {
        return Err(LinkError::MethodDisabled.into());
    }
    if let Spent::Beyond(after) = budget::spend_shared(&ports, tenant.id, PER_TENANT).await? {
        return Err(LinkError::TooManyMails(after).into());
    }
    let started = start(&ports, &tenant, &ask).await?;
    if let Some(secrets) = &started.mail {
        let letter = SignIn {
            to: &ask.email,
            brand: &Some(tenant.policy.brand_name()).filter(|name| !name.is_empty()).unwrap_or(tenant.name),
            // The base is a setting: no header of the request decides where a link leads (attack case 34).
            link: Plain::new(format!(
                "{}/magic-link/confirm#{}",
                ports.settings.public_url(),
                secrets.token.reveal()
            )),
            code: secrets.code.clone(),
            idempotency_key: started.id.clone(),
        };
        let letter = letter.write(Language::preferred(call.request.header("accept-language")));
        if let Err(error) = mailer.send(&ports, &letter).await {
            call.warn("a magic link was not mailed", &error);
        }
    }
    let mut response = if call.request.is_form() {
        pages::check_your_mail(started.digits)
    } else {
        web::json(
            StatusCode::ACCEPTED,
            &json!({"attempt": started.id, "expires_in": LIVES.0, "match": started.digits.to_string()}),
        )
    };
    cookie::set(ports.settings, &mut response, cookie::ATTEMPT, &started.cookie, COOKIE_LIVES);
    Ok(response)
}

/// It relies on no cookie, so a client without `Origin` is welcome. A page of another site is not: it would spend the budgets of its visitors' networks.
pub(crate) fn not_from_another_site(call: &Call<'_>) -> Result<(), LinkError> {
    let foreign_site =
        call.request.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    let foreign_origin = call.request.header("origin").is_some() && call.same_site().is_err();
    if foreign_site || foreign_origin { Err(LinkError::CrossSite) } else { Ok(()) }
}

/// An attempt that is stored.
struct Started {
    id: String,
    cookie: Plain<String>,
    digits: u8,
    /// What the mail carries; none if the address has had its share of mails.
    mail: Option<Secrets>,
}

struct Secrets {
    token: Plain<String>,
    code: Plain<String>,
}

async fn start(ports: &Ports<'_>, tenant: &Tenant, ask: &Ask) -> Result<Started, Failure> {
    let place = link::today(ports, tenant.id, &ask.email).await?;
    let yesterday = carry_over(ports, tenant.id, &ask.email).await?;
    let (token, token_text) = Token::<LinkToken>::issue(&place.bytes(), ports.entropy.bytes());
    let (browser, cookie) = Token::<AttemptToken>::issue(&place.bytes(), ports.entropy.bytes());
    let code = format!("{:08}", ports.entropy.below(100_000_000));
    // 10 to 99: always two digits.
    let digits = 10 + u8::try_from(ports.entropy.below(90)).unwrap_or_default();
    let code_digest = redeem::code_digest(ports, &token.digest(), &code)?;
    let mailed = link::update(ports, &place, |link| {
        if let Some(yesterday) = &yesterday {
            remember(link, yesterday, ports.now);
        }
        let mailed = may_mail(link, ports.now);
        if mailed {
            link.sent.push(ports.now);
        }
        // The newest wins, also when it is not mailed: what was done then does not show in what happens next.
        link.begin(Attempt {
            tenant: tenant.id,
            token: token.digest(),
            code: code_digest,
            browser: browser.digest(),
            digits,
            expires: ports.now.plus(LIVES),
            progress: Progress::Pending,
            wrong_codes: 0,
            wrong_digits: 0,
            mailed,
            asked: ask.tenant.is_some(),
            return_to: ask.return_to.clone(),
        });
        Change::Write(mailed)
    })
    .await?
    .ok_or_else(|| ports::StoreError("a link record that was just there is gone".into()))?;
    Ok(Started {
        id: redeem::attempt_id(&browser.digest()),
        cookie,
        digits,
        mail: mailed.then(|| Secrets { token: token_text, code: Plain::new(code) }),
    })
}

/// Whether the address may get another mail; forgets what no longer counts.
fn may_mail(link: &mut Link, now: Moment) -> bool {
    let midnight = midnight(now);
    let (most, window) = PER_ADDRESS;
    link.sent.retain(|at| *at >= midnight || at.plus(window) > now);
    link.wrong.retain(|at| at.plus(WRONG_COUNTS_FOR) > now);
    let recent = link.sent.iter().filter(|at| at.plus(window) > now).count();
    let today = link.sent.iter().filter(|at| **at >= midnight).count();
    recent < most && today < PER_ADDRESS_AND_DAY
}

/// In the first hour of a day yesterday's record still counts, and its attempt must not outlive a newer one: what it says, after ending that.
async fn carry_over(ports: &Ports<'_>, tenant: TenantId, email: &Email) -> Result<Option<Link>, Failure> {
    if midnight(ports.now).plus(WRONG_COUNTS_FOR) <= ports.now {
        return Ok(None);
    }
    let Some(place) = link::yesterday(ports, tenant, email).await? else { return Ok(None) };
    link::update(ports, &place, |link| {
        let said = link.clone();
        if link.forget(tenant) { Change::Write(said) } else { Change::Leave(said) }
    })
    .await
}

/// Takes over what counts of yesterday, once: afterwards nothing is added there.
fn remember(link: &mut Link, yesterday: &Link, now: Moment) {
    let midnight = midnight(now);
    if link.sent.iter().chain(&link.wrong).all(|at| *at >= midnight) {
        link.sent.splice(0..0, yesterday.sent.iter().copied());
        link.wrong.splice(0..0, yesterday.wrong.iter().copied());
    }
}

fn midnight(now: Moment) -> Moment {
    Moment::from_secs(now.secs() - now.secs() % days(1).0)
}
