//! Signing in: by a passkey the browser finds for itself, or by one of the account whose address was typed.

use domain::{
    AccountId, Authenticated, Digest, Email, Method, Moment, Secs, Token, Ulid, hours, secret::CeremonyToken,
};
use kv_schema::{
    Account, Change, Tenant, account,
    account::Enrolled,
    ceremony,
    ceremony::{Ceremony, Purpose},
    handoff, passkeys,
    passkeys::Passkeys,
    tenant,
};
use ports::{Failure, Ports};
use serde_json::{Value, json};
use web::{Call, Response, StatusCode, cookie};
use webauthn::{AuthenticationResponse, Refused, RelyingParty};

use crate::{
    error::SignInError,
    wire,
    wire::{SignInOptions, relying_party},
};

/// `POST /passkey/sign-in/options`
pub(crate) async fn options(call: &Call<'_>) -> Result<Response, SignInError> {
    let ports = &call.ports;
    let asked: SignInOptions = call.request.json_or_empty()?;
    let tenant = tenant::find(ports, asked.tenant.as_deref()).await?.ok_or(SignInError::TenantUnknown)?;
    if !tenant.policy.allows("passkey") {
        return Err(SignInError::MethodOff);
    }
    let (account, allow) = match &asked.email {
        Some(email) => {
            let (account, allow) = candidates(ports, &tenant, email).await?;
            (Some(account), allow)
        }
        None => (None, Vec::new()),
    };
    let rp = relying_party(ports.settings, "");
    let question = webauthn::ask_sign_in(&rp, &allow.iter().collect::<Vec<_>>())?;
    let purpose = Purpose::SignIn {
        tenant: asked.tenant.as_ref().map(|_| tenant.id),
        account,
        identified: asked.email.is_some(),
    };
    let plain = ceremony::begin(ports, &Ceremony { purpose, state: question.state }).await?;
    let mut response = web::json(StatusCode::OK, &question.options);
    cookie::set(ports.settings, &mut response, cookie::CEREMONY, &plain, COOKIE_LIVES);
    Ok(response)
}

/// `POST /passkey/sign-in/verify`
pub(crate) async fn verify(call: &Call<'_>) -> Result<Response, SignInError> {
    call.same_site()?;
    let ports = &call.ports;
    let answer = wire::answer(call, AuthenticationResponse::read)?;
    let cookie = call.cookie(cookie::CEREMONY).ok_or(SignInError::CeremonyGone)?;
    let browser = Token::<CeremonyToken>::parse(cookie).ok_or(SignInError::CeremonyGone)?.digest();
    let ceremony = ceremony::take(ports, cookie).await?.ok_or(SignInError::CeremonyGone)?;
    let Purpose::SignIn { tenant, account, identified } = ceremony.purpose else {
        return Err(SignInError::CeremonyGone);
    };
    let rp = relying_party(ports.settings, "");
    let account = if identified {
        typed_owner(ports, account, &answer).await?
    } else {
        discovered_owner(ports, &rp, &answer).await?
    };
    // Judged within the swap that keeps the new counter, so that two answers are never judged by the same old one.
    let judged = passkeys::update(ports, account.id, |passkeys| {
        judge(passkeys, &rp, &ceremony.state, &answer, ports.now)
    });
    let failures = match judged.await? {
        Some(Ok(failures)) => failures,
        Some(Err(Some(refused))) => return Err(SignInError::Failed(account.id, refused)),
        // For a typed address this must not differ from a refusal: the ids in the question are real ones or decoys.
        Some(Err(None)) | None if identified => return Err(SignInError::NotTheOwner),
        Some(Err(None)) | None => return Err(unknown(&rp, &answer)),
    };
    let (account, tenant) = admit(ports, account, tenant).await?;
    let who = Authenticated::dangerous_claim(tenant.id, account.id, Method::Passkey, ports.now);
    let plain = handoff::mint(ports, who, browser, failures, None).await?;
    Ok(web::json(StatusCode::OK, &json!({ "handoff": plain.reveal() })))
}

/// The account of an address and its passkeys; for one that has none, decoys that are always the same, and for one that has no account, an id that is nobody's.
/// So known and unknown addresses cost the same reads, here and when the answer comes.
async fn candidates(
    ports: &Ports<'_>,
    tenant: &Tenant,
    email: &Email,
) -> Result<(AccountId, Vec<Value>), Failure> {
    let key = ports.settings.index_key()?;
    let space = account::space_of(tenant).ulid().bytes();
    let chance = |purpose: &str, n: u8| *key.mac(purpose, &[&space, email.as_str().as_bytes(), &[n]]).bytes();
    let id = match account::by_email(ports, tenant, email).await? {
        Some(account) => account.id,
        None => {
            let nobody = AccountId::of(Ulid::derived(Moment::default(), &[&chance("nobody", 0)]));
            account::read(ports, nobody).await?;
            nobody
        }
    };
    let passkeys = passkeys::read(ports, id).await?.unwrap_or_default();
    let kinds = chance("decoy-kind", 0);
    let count = if kinds.last().is_some_and(|byte| byte % 4 == 0) { 2 } else { 1 };
    let decoys = (0..).zip(kinds).take(count).map(|(n, kind)| webauthn::decoy(&chance("decoy", n), kind));
    let decoys: Vec<Value> = decoys.collect();
    let real: Vec<Value> = passkeys.credentials.into_iter().map(|passkey| passkey.credential).collect();
    Ok((id, if real.is_empty() { decoys } else { real }))
}

/// The account of the typed address, if the authenticator does not say that the credential is another's.
/// <https://www.w3.org/TR/webauthn-3/#rp-op-verifying-assertion-step-identify-user>
async fn typed_owner(
    ports: &Ports<'_>,
    account: Option<AccountId>,
    answer: &AuthenticationResponse,
) -> Result<Account, SignInError> {
    let id = account.ok_or(SignInError::NotTheOwner)?;
    let account = account::read(ports, id).await?.ok_or(SignInError::NotTheOwner)?;
    match answer.user_handle() {
        Some(handle) if !is_handle(&account, handle)? => Err(SignInError::NotTheOwner),
        _ => Ok(account),
    }
}

/// The account that the user handle names: all of it, so that knowing an account's id is not enough to ask about its credentials.
async fn discovered_owner(
    ports: &Ports<'_>,
    rp: &RelyingParty,
    answer: &AuthenticationResponse,
) -> Result<Account, SignInError> {
    let handle = answer.user_handle().ok_or(SignInError::UserHandleMissing)?;
    let Some(id) = account::of_handle(handle) else { return Err(unknown(rp, answer)) };
    match account::read(ports, id).await? {
        Some(account) if is_handle(&account, handle)? => Ok(account),
        _ => Err(unknown(rp, answer)),
    }
}

fn is_handle(account: &Account, handle: &[u8]) -> Result<bool, Failure> {
    Ok(Digest::of(&[&wire::handle(account)?]) == Digest::of(&[handle]))
}

fn unknown(rp: &RelyingParty, answer: &AuthenticationResponse) -> SignInError {
    SignInError::CredentialUnknown {
        rp_id: rp.id().to_owned(),
        credential_id: answer.credential_id().to_owned(),
    }
}

/// What the swap tells: how often it failed lately, or why it failed now (`None`: there is no such passkey).
type Judged = Result<u32, Option<Refused>>;

fn judge(
    passkeys: &mut Passkeys,
    rp: &RelyingParty,
    state: &Value,
    answer: &AuthenticationResponse,
    now: Moment,
) -> Change<Judged> {
    let passkey = passkeys.credentials.iter_mut().find(|passkey| passkey.id == answer.credential_id());
    let Some(passkey) = passkey else { return Change::Leave(Err(None)) };
    passkeys.failed.retain(|failed| now.since(*failed) < FAILED_COUNTS);
    match webauthn::finish_sign_in(rp, state, answer, &passkey.credential) {
        Ok(signed_in) => {
            passkey.credential = signed_in.credential;
            passkey.used = Some(now);
            Change::Write(Ok(u32::try_from(passkeys.failed.len()).unwrap_or(u32::MAX)))
        }
        Err(refused) => {
            let excess = (passkeys.failed.len() + 1).saturating_sub(MOST_FAILED);
            passkeys.failed.drain(..excess);
            passkeys.failed.push(now);
            Change::Write(Err(Some(refused)))
        }
    }
}

/// The tenant that was asked for, else the one the account belongs to; with its policy looked at as it is now.
async fn admit(
    ports: &Ports<'_>,
    account: Account,
    asked: Option<domain::TenantId>,
) -> Result<(Account, Tenant), SignInError> {
    let root = domain::TenantId::ROOT;
    let id = match asked {
        Some(id) => id,
        None if account.membership(root).is_some() => root,
        None => account.memberships.first().map_or(root, |membership| membership.tenant),
    };
    let tenant = tenant::read(ports, id).await?.ok_or(SignInError::TenantGone)?;
    if !tenant.policy.allows("passkey") {
        return Err(SignInError::MethodOffThere);
    }
    match account::admit(ports, account, &tenant, true).await? {
        Enrolled::In(account, _) => Ok((*account, tenant)),
        Enrolled::SignUpClosed => Err(SignInError::SignUpClosed),
        Enrolled::Disabled => Err(SignInError::AccountDisabled),
    }
}

/// The handoff is bound to the ceremony's cookie, so that has to outlive an answer in the last moment.
const COOKIE_LIVES: Secs = Secs(ceremony::LIVES.0 + handoff::LIVES.0);
const FAILED_COUNTS: Secs = hours(1);
const MOST_FAILED: usize = 20;
