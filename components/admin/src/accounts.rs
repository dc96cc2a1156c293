//! The accounts in a tenant: making, finding, changing and removing them.

use domain::Email;
use kv_schema::{
    Account, Change, Tenant,
    account::{self, Created, Joined, State},
    factors::Factors,
    passkeys, sessions,
};
use ports::Ports;
use web::{Call, Response, StatusCode};

use crate::{
    access::Administrator,
    error::AdminError,
    list,
    wire::{self, AccountChange, NewAccount},
};

/// `GET …/accounts`.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, AdminError> {
    let admin = Administrator::of(call).await?;
    let tenant = admin.tenant(call).await?;
    let (limit, after) = (list::limit(call)?, list::place(call)?);
    let (found, next) = match call.request.query("email") {
        Some(text) => {
            let wrong = |error: domain::EmailError| AdminError::Field("email".into(), error.to_string());
            let email: Email = text.parse().map_err(wrong)?;
            let found = account::by_email(&call.ports, &tenant, &email).await?;
            (found.into_iter().filter(|account| account.membership(tenant.id).is_some()).collect(), None)
        }
        None => account::members(&call.ports, tenant.id, after, limit).await?,
    };
    let mut items = Vec::with_capacity(found.len());
    for account in &found {
        items.push(told(&call.ports, &admin, account, &tenant).await?);
    }
    Ok(list::answer(items, next.map(|place| place.to_string())))
}

/// `POST …/accounts`: makes the account, or makes one that the address has already a member here.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response, AdminError> {
    let admin = Administrator::of(call).await?;
    let tenant = admin.tenant(call).await?;
    let asked: NewAccount = call.request.json()?;
    let (name, roles) = (asked.name.map(|name| name.0), asked.roles.0);
    let created = account::create(&call.ports, &tenant, &asked.email, name, roles.clone()).await?;
    let account = match created {
        Created::New(account) => account,
        Created::TenantGone => return Err(AdminError::NotFound),
        Created::Exists(account) => match account::join(&call.ports, account.id, tenant.id, roles).await? {
            Joined::New(account) => account,
            Joined::Already(_) => return Err(AdminError::AccountExists),
            Joined::Full => return Err(AdminError::TooManyMemberships),
            Joined::TenantGone | Joined::AccountGone => return Err(AdminError::NotFound),
        },
    };
    Ok(web::json(StatusCode::CREATED, &told(&call.ports, &admin, &account, &tenant).await?))
}

/// `GET …/accounts/{account}`.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, AdminError> {
    let admin = Administrator::of(call).await?;
    let (tenant, account) = admin.member(call).await?;
    Ok(web::json(StatusCode::OK, &told(&call.ports, &admin, &account, &tenant).await?))
}

/// `PATCH …/accounts/{account}`.
pub(crate) async fn change(call: &Call<'_>) -> Result<Response, AdminError> {
    let admin = Administrator::of(call).await?;
    let (tenant, account) = admin.member(call).await?;
    let asked: AccountChange = call.request.json()?;
    if asked.state.is_some() || asked.name.is_some() {
        admin.whole(call, &account).await?;
    }
    if asked.state == Some(State::Active) && !account.is_active() {
        // A session that disabling left behind, because it was cut short or the session was just beginning, must not come back to life.
        sessions::end_all(&call.ports, account.id).await?;
    }
    let changed = account::update(&call.ports, account.id, |account| {
        let Some(membership) = account.memberships.iter_mut().find(|each| each.tenant == tenant.id) else {
            return Change::Leave(None);
        };
        if let Some(roles) = &asked.roles {
            membership.roles.clone_from(&roles.0);
        }
        if let Some(state) = asked.state {
            account.state = state;
        }
        if let Some(name) = &asked.name {
            account.name = name.as_ref().map(|name| name.0.clone());
        }
        Change::Write(Some(account.clone()))
    });
    let account = changed.await?.flatten().ok_or(AdminError::NotFound)?;
    if asked.state == Some(State::Disabled) {
        // From the write above on no session is good; this also takes them off the list.
        sessions::end_all(&call.ports, account.id).await?;
    }
    Ok(web::json(StatusCode::OK, &told(&call.ports, &admin, &account, &tenant).await?))
}

/// `POST …/accounts/{account}/reset-factors`: the person lost what they sign in with, or somebody else has it.
pub(crate) async fn reset_factors(call: &Call<'_>) -> Result<Response, AdminError> {
    let admin = Administrator::of(call).await?;
    let (_, account) = admin.member(call).await?;
    admin.whole(call, &account).await?;
    // The factors first: a session begun with one in between is ended below. Cut short, asking again ends them.
    let removed = passkeys::update(&call.ports, account.id, |passkeys| {
        passkeys.factors = Factors::default();
        Change::Write(std::mem::take(&mut passkeys.credentials))
    });
    for passkey in removed.await?.unwrap_or_default() {
        passkeys::release(&call.ports, &passkey).await?;
    }
    sessions::update(&call.ports, account.id, |sessions| {
        sessions.open.clear();
        // A lost telephone is no known device any more.
        sessions.devices.clear();
        Change::Write(())
    })
    .await?;
    Ok(web::no_content())
}

/// `POST …/accounts/{account}/sign-out`.
pub(crate) async fn sign_out(call: &Call<'_>) -> Result<Response, AdminError> {
    let admin = Administrator::of(call).await?;
    let (_, account) = admin.member(call).await?;
    admin.whole(call, &account).await?;
    sessions::end_all(&call.ports, account.id).await?;
    Ok(web::no_content())
}

/// `DELETE …/accounts/{account}`: ends the membership; the last one takes the account with it.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Response, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    let id = call.param("account").parse().map_err(|_| AdminError::NotFound)?;
    // Not looked up first: what an earlier try left half done must be found, too.
    if account::leave(&call.ports, id, tenant.id).await? {
        return Ok(web::no_content());
    }
    Err(AdminError::NotFound)
}

async fn told(
    ports: &Ports<'_>,
    admin: &Administrator,
    account: &Account,
    tenant: &Tenant,
) -> Result<serde_json::Value, AdminError> {
    let passkeys = passkeys::read(ports, account.id).await?.unwrap_or_default().credentials.len();
    Ok(wire::account(account, tenant, admin.sees_all(), passkeys))
}
