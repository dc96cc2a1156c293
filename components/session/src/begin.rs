//! `POST /session`: a cleared handoff becomes a session, once.

use domain::{Plain, Token, secret::DeviceToken};
use kv_schema::{
    Account, Handoff, Session, account,
    handoff::{self, Terms},
    sessions::{self, Device},
    tenant,
};
use ports::Failure;
use serde_json::json;
use web::{Call, Problem, Response, StatusCode, cookie, html};

use crate::{
    browser,
    error::SessionError,
    wire::{self, Begin},
};

/// Begins a session: answered as JSON, or to a browser without script by going on to where it was headed.
pub(crate) async fn begin(call: &Call<'_>) -> Result<Response, Problem> {
    if !call.request.is_form() {
        return Ok(open(call).await?.json(call));
    }
    Ok(match open(call).await {
        Ok(begun) => begun.redirect(call),
        Err(problem) => {
            if let Some(cause) = problem.cause() {
                call.warn(problem.code(), &cause);
            }
            html::refusal(&problem)
        }
    })
}

/// A session that has begun, with all that is told once.
struct Begun {
    session: Session,
    plain: Plain<String>,
    device: Option<(Device, Plain<String>)>,
    account: Account,
    handoff: Handoff,
    terms: Terms,
}

impl Begun {
    fn json(&self, call: &Call<'_>) -> Response {
        let mut body = json!({
            "account": wire::account(&self.account),
            "tenant": wire::tenant(self.session.tenant(), &self.terms.slug),
            "expires_in": self.terms.lives.0,
        });
        wire::proof(&mut body, &self.session.who);
        if let (Some(path), Some(members)) = (&self.handoff.return_to, body.as_object_mut()) {
            members.insert("return_to".into(), path.as_str().into());
        }
        self.with_cookies(call, web::json(StatusCode::CREATED, &body))
    }

    fn redirect(&self, call: &Call<'_>) -> Response {
        let to = self.handoff.return_to.as_ref().map_or("/account", |path| path.as_str());
        self.with_cookies(call, web::redirect(to))
    }

    fn with_cookies(&self, call: &Call<'_>, mut response: Response) -> Response {
        let settings = call.ports.settings;
        cookie::set(settings, &mut response, cookie::SESSION, &self.plain, self.terms.lives.0);
        if let Some((_, plain)) = &self.device {
            cookie::set(settings, &mut response, cookie::DEVICE, plain, self.terms.device);
        }
        for name in [cookie::ATTEMPT, cookie::CEREMONY, cookie::TRANSACTION] {
            cookie::clear(settings, &mut response, name);
        }
        response
    }
}

async fn open(call: &Call<'_>) -> Result<Begun, Problem> {
    call.same_site()?;
    let ports = &call.ports;
    let asked: Begin = call.request.json_or_form()?;
    if handoff::looks_raw(&asked.handoff) {
        return Err(SessionError::StepUpRequired.into());
    }
    let cleared = handoff::open_cleared(ports, &asked.handoff, &call.browsers()).await?;
    let handoff = cleared.map_err(SessionError::HandoffRefused)?.handoff().clone();
    let terms = terms(call, &handoff).await?.ok_or(SessionError::Blocked)?;
    // Whoever planted or shared the cookie that is here keeps nothing by it (PROTOCOLS, attack case 15).
    if let Some(old) = call.cookie(cookie::SESSION) {
        sessions::end_cookie(ports, old).await?;
    }
    let device = asked.remember_device.then(|| device(call, &terms));
    let name = browser::name(call.request.header("user-agent"));
    let begun =
        sessions::begin(ports, &handoff.who, terms.lives, &name, device.as_ref().map(|(device, _)| device));
    let (session, plain) = begun.await?.ok_or(SessionError::Blocked)?;
    // After the session stands, not before: who disables an account at this moment ends its sessions after writing that it is disabled, so one of the two
    // sees the other.
    let account = account::read(ports, session.who.account()).await?.filter(Account::is_active);
    match account.filter(|account| account.membership(session.tenant()).is_some()) {
        Some(account) => Ok(Begun { session, plain, device, account, handoff, terms }),
        None => {
            sessions::end(ports, session.who.account(), session.id).await?;
            Err(SessionError::Blocked.into())
        }
    }
}

/// The terms that came with the handoff, so that the tenant is read once per sign-in; else the tenant's own.
async fn terms(call: &Call<'_>, handoff: &Handoff) -> Result<Option<Terms>, Failure> {
    if let Some(terms) = &handoff.terms {
        return Ok(Some(terms.clone()));
    }
    let tenant = tenant::read(&call.ports, handoff.who.tenant()).await?;
    Ok(tenant.map(|tenant| Terms::of(&tenant, None)))
}

/// The device to remember. A cookie that this account knew when it was judged stays; any other may have been planted and is replaced.
fn device(call: &Call<'_>, terms: &Terms) -> (Device, Plain<String>) {
    let ports = &call.ports;
    let kept = terms.known.filter(|known| call.device() == Some(*known));
    let (token, plain) = match (kept, call.cookie(cookie::DEVICE)) {
        (Some(known), Some(text)) => (known, Plain::new(text.to_owned())),
        _ => {
            let (token, plain) = Token::<DeviceToken>::issue(&[], ports.entropy.bytes());
            (token.digest(), plain)
        }
    };
    (Device { token, seen: ports.now, ends: ports.now.plus(terms.device) }, plain)
}
