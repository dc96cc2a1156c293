//! What the rooms do with records, as far as it is the store's business.

use domain::{AccountId, Email, TenantId};
use kv_schema::{
    Account, Change, Tenant, account,
    account::Enrolled,
    ceremony::{self, Ceremony, Purpose},
    passkeys, sessions, sweep as sweeping, tenant,
};
use ports::Ports;
use serde::Deserialize;
use serde_json::{Value, json};
use web::{Call, Problem, Response};

use crate::raw::done;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Who {
    email: Email,
}

async fn root(ports: &Ports<'_>) -> Result<Tenant, Problem> {
    tenant::find(ports, None).await?.ok_or_else(Problem::not_found)
}

/// Finds or makes the account of an address.
pub(crate) async fn enrol(call: &Call<'_>) -> Result<Response, Problem> {
    let Who { email } = call.request.json()?;
    match account::enrol(&call.ports, &root(&call.ports).await?, false, &email).await? {
        Enrolled::In(account, _) => told(call, &account).await,
        other => Err(Problem::forbidden("no_account", format!("{other:?}"))),
    }
}

/// The account of an address, with all that must be there if it is; and whether the tenant's list names it.
pub(crate) async fn account(call: &Call<'_>) -> Result<Response, Problem> {
    let Who { email } = call.request.json()?;
    match account::by_email(&call.ports, &root(&call.ports).await?, &email).await? {
        Some(account) => told(call, &account).await,
        None => done(&Value::Null),
    }
}

async fn told(call: &Call<'_>, account: &Account) -> Result<Response, Problem> {
    let mut listed = 0;
    let mut after = Some(0);
    while let Some(place) = after {
        let (members, next) = account::members(&call.ports, TenantId::ROOT, place, 100).await?;
        listed += members.iter().filter(|member| member.id == account.id).count();
        after = next;
    }
    done(&json!({
        "id": account.id.to_string(),
        "handle": account.handle,
        "sessions": sessions::read(&call.ports, account.id).await?.is_some(),
        "passkeys": passkeys::read(&call.ports, account.id).await?.is_some(),
        "listed": listed,
    }))
}

pub(crate) async fn remove(call: &Call<'_>) -> Result<Response, Problem> {
    let Who { email } = call.request.json()?;
    if let Some(account) = account::by_email(&call.ports, &root(&call.ports).await?, &email).await? {
        account::delete(&call.ports, &account).await?;
    }
    done(&json!({}))
}

async fn id(call: &Call<'_>) -> Result<AccountId, Problem> {
    let Who { email } = call.request.json()?;
    let account = account::by_email(&call.ports, &root(&call.ports).await?, &email).await?;
    Ok(account.ok_or_else(Problem::not_found)?.id)
}

/// One more entry in a record that many change at once.
pub(crate) async fn note(call: &Call<'_>) -> Result<Response, Problem> {
    let noted = passkeys::update(&call.ports, id(call).await?, |passkeys| {
        passkeys.failed.push(call.ports.now);
        Change::Write(())
    })
    .await?;
    noted.ok_or_else(Problem::not_found)?;
    done(&json!({}))
}

pub(crate) async fn notes(call: &Call<'_>) -> Result<Response, Problem> {
    let passkeys = passkeys::read(&call.ports, id(call).await?).await?;
    done(&json!({ "notes": passkeys.map(|passkeys| passkeys.failed.len()) }))
}

/// Begins something that expires and can be finished once.
pub(crate) async fn begin(call: &Call<'_>) -> Result<Response, Problem> {
    let purpose = Purpose::SignIn { tenant: None, account: None, identified: false };
    let plain = ceremony::begin(&call.ports, &Ceremony { purpose, state: json!({}) }).await?;
    done(&json!({ "token": plain.reveal() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: String,
}

pub(crate) async fn finish(call: &Call<'_>) -> Result<Response, Problem> {
    let Token { token } = call.request.json()?;
    match ceremony::take(&call.ports, &token).await? {
        Some(_) => done(&json!({})),
        None => Err(Problem::conflict("spent", "over, or somebody was first")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Most {
    most: u32,
}

pub(crate) async fn sweep(call: &Call<'_>) -> Result<Response, Problem> {
    let Most { most } = call.request.json()?;
    let swept = sweeping::sweep(&call.ports, most).await?;
    done(&json!({ "removed": swept.removed, "done": swept.done }))
}
