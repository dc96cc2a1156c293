//! Adding a passkey to an account.

use kv_schema::{
    Change, ceremony,
    ceremony::{Ceremony, Purpose},
    passkeys,
    passkeys::{Passkey, Passkeys},
    tenant,
};
use ports::{Failure, Ports};
use web::{Call, Response, StatusCode, cookie};
use webauthn::{Registered, RegistrationResponse, User};

use crate::{
    caller,
    caller::Caller,
    error::RegisterError,
    provider, wire,
    wire::{Mediation, RegisterOptions, relying_party},
};

/// `POST /passkey/register/options`
pub(crate) async fn options(call: &Call<'_>) -> Result<Response, RegisterError> {
    call.same_site()?;
    let ports = &call.ports;
    let caller = caller::adding(call).await?;
    let account = caller.account();
    let asked: RegisterOptions = call.request.json_or_empty()?;
    let passkeys = passkeys::read(ports, account.id).await?.ok_or(RegisterError::AccountGone)?;
    room_for_one(ports, &passkeys, &caller)?;
    let exclude: Vec<_> = passkeys.credentials.iter().map(|passkey| &passkey.credential).collect();
    let rp = relying_party(ports.settings, &our_name(call).await?);
    let handle = wire::handle(account)?;
    let user =
        User { handle: &handle, name: account.email.as_str(), display_name: wire::display_name(account) };
    let ask = match asked.mediation {
        Some(Mediation::Conditional) => webauthn::ask_upgrade,
        None | Some(Mediation::Optional) => webauthn::ask_registration,
    };
    let question = ask(&rp, user, &exclude)?;
    let purpose = Purpose::Register { account: account.id };
    let plain = ceremony::begin(ports, &Ceremony { purpose, state: question.state }).await?;
    let mut response = web::json(StatusCode::OK, &question.options);
    cookie::set(ports.settings, &mut response, cookie::CEREMONY, &plain, ceremony::LIVES);
    Ok(response)
}

/// `POST /passkey/register/verify`
pub(crate) async fn verify(call: &Call<'_>) -> Result<Response, RegisterError> {
    call.same_site()?;
    let ports = &call.ports;
    let caller = caller::adding(call).await?;
    let account = caller.account();
    let answer = wire::answer(call, RegistrationResponse::read)?;
    let cookie = call.cookie(cookie::CEREMONY).ok_or(RegisterError::CeremonyGone)?;
    let ceremony = ceremony::take(ports, cookie).await?.ok_or(RegisterError::CeremonyGone)?;
    if ceremony.purpose != (Purpose::Register { account: account.id }) {
        return Err(RegisterError::CeremonyGone);
    }
    let rp = relying_party(ports.settings, "");
    let registered = webauthn::finish_registration(&rp, &ceremony.state, &answer)?;
    // https://www.w3.org/TR/webauthn-3/#rp-op-registering-a-new-credential-step-id-used
    let claimed = passkeys::claim(ports, account.id, &registered.credential_id).await?;
    let number = claimed.ok_or(RegisterError::CredentialKnown)?;
    let new = Passkey {
        id: registered.credential_id.clone(),
        name: provider::first_name(&registered.aaguid, &registered.transports).to_owned(),
        created: ports.now,
        used: None,
        number,
        credential: registered.credential.clone(),
    };
    let added = passkeys::update(ports, account.id, |passkeys| add(ports, passkeys, &caller, &new)).await?;
    match added {
        Some(Ok(passkeys)) => answer_created(call, &caller, &registered, &passkeys),
        // The account has it already under this very claim, which therefore stays.
        Some(Err(RegisterError::CredentialKnown)) => Err(RegisterError::CredentialKnown),
        other => {
            passkeys::release(ports, &new).await?;
            Err(other.and_then(Result::err).unwrap_or(RegisterError::AccountGone))
        }
    }
}

fn add(
    ports: &Ports<'_>,
    passkeys: &mut Passkeys,
    caller: &Caller,
    new: &Passkey,
) -> Change<Result<Passkeys, RegisterError>> {
    if passkeys.find(&new.id).is_some() {
        return Change::Leave(Err(RegisterError::CredentialKnown));
    }
    if let Err(error) = room_for_one(ports, passkeys, caller) {
        return Change::Leave(Err(error));
    }
    let taken: Vec<&str> = passkeys.credentials.iter().map(|each| each.name.as_str()).collect();
    let name = provider::numbered(&new.name, &taken);
    passkeys.credentials.push(Passkey { name, ..new.clone() });
    Change::Write(Ok(passkeys.clone()))
}

/// Whether one more may be added: a first factor that is enrolled during a sign-in has to be the first.
fn room_for_one(ports: &Ports<'_>, passkeys: &Passkeys, caller: &Caller) -> Result<(), RegisterError> {
    match caller {
        Caller::Enrolling(_) if passkeys.has_factor() => Err(RegisterError::FactorThere),
        _ if !caller.may_change(ports, passkeys) => Err(RegisterError::StepUpRequired),
        _ if passkeys.credentials.len() >= Passkeys::MOST => Err(RegisterError::TooMany),
        _ => Ok(()),
    }
}

fn answer_created(
    call: &Call<'_>,
    caller: &Caller,
    registered: &Registered,
    passkeys: &Passkeys,
) -> Result<Response, RegisterError> {
    let passkey = passkeys.find(&registered.credential_id).ok_or(RegisterError::AccountGone)?;
    let mut body = wire::passkey(passkey)?;
    if let Some(members) = body.as_object_mut() {
        members.remove("last_used_at");
        members.insert("signal".into(), wire::signal(call.ports.settings, caller.account(), passkeys));
    }
    let mut response = web::json(StatusCode::CREATED, &body);
    cookie::clear(call.ports.settings, &mut response, cookie::CEREMONY);
    Ok(response)
}

/// The name in a browser's prompt: one RP ID serves all tenants, so it is the root's.
async fn our_name(call: &Call<'_>) -> Result<String, Failure> {
    let root = tenant::find(&call.ports, None).await?;
    let brand = root.map(|root| root.policy.brand_name()).filter(|name| !name.is_empty());
    Ok(brand.unwrap_or_else(|| "Latchkey".to_owned()))
}
