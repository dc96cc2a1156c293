//! Access tokens: what we sign for a machine client, and what a room believes of one that is shown to it.
//!
//! A token is checked by its signature **and** by the client's record, so that disabling a client, deleting it or taking a scope away holds with
//! the next request: one read, since the keys are remembered.

use domain::{ClientId, Plain, Secs, TenantId, Ulid, hours};
use jose::{Audience, Expected, Refused, Unverified};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Client, Tenant, client, keyring, tenant};

/// A machine client that showed a token of its own, just now. Only [`authenticate`] makes one.
#[derive(Debug, Clone)]
pub struct Machine {
    client: Client,
    scopes: Vec<String>,
}

impl Machine {
    /// Which.
    pub const fn client(&self) -> ClientId {
        self.client.id
    }

    /// Its tenant: the top of what it reaches.
    pub const fn tenant(&self) -> TenantId {
        self.client.tenant
    }

    /// Whether the token was given for this scope, and its client still has it.
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|has| has == scope)
    }

    /// Whether a tenant is in its reach: its own, or one below. One read for each tenant in between.
    pub async fn reaches(&self, ports: &Ports<'_>, tenant: &Tenant) -> Result<bool, Failure> {
        tenant::is_within(ports, tenant, self.tenant()).await
    }
}

/// Why a token is not believed. Outside these are one refusal; the difference is for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerError {
    /// The token itself is wrong.
    Token(Refused),
    /// It names no key, or none that is published.
    UnknownKey,
    /// It is not about a client, or the client is gone, disabled, or another tenant's.
    ClientGone,
}

/// Whether a text has the form of such a token: three parts, as no secret of ours has.
pub fn looks_signed(text: &str) -> bool {
    text.bytes().filter(|b| *b == b'.').count() == 2
}

/// The claims of an access token (RFC 9068 section 2.2).
#[derive(Serialize, Deserialize)]
struct Claims {
    client_id: String,
    scope: String,
    tenant: Organisation,
}

#[derive(Serialize, Deserialize)]
struct Organisation {
    id: TenantId,
    slug: String,
}

/// A token for a client that proved, just now, to be this one. `audience` is whom it is for. Only the room `session` calls this.
pub async fn issue(
    ports: &Ports<'_>,
    client: &Client,
    tenant: &Tenant,
    scope: &str,
    audience: &str,
) -> Result<Plain<String>, Failure> {
    let signer = keyring::signer(ports).await?;
    let now = ports.now.secs();
    let claims = serde_json::json!({
        "iss": ports.settings.public_url(),
        "sub": client.id,
        "aud": audience,
        "iat": now,
        "exp": now + LIVES.0,
        "jti": Ulid::new(ports.now, ports.entropy.bytes()).to_string(),
        "client_id": client.id,
        "scope": scope,
        "tenant": { "id": tenant.id, "slug": tenant.slug },
    });
    let token = signer.sign(TYPE, &claims);
    Ok(Plain::new(token.ok_or_else(|| ports::StoreError("a token cannot be written".into()))?))
}

/// Whose token this is, if it is one of ours for us and its client is still there.
pub async fn authenticate(ports: &Ports<'_>, token: &str) -> Result<Result<Machine, BearerError>, Failure> {
    let unverified = match Unverified::parse(token) {
        Ok(unverified) => unverified,
        Err(refused) => return Ok(Err(BearerError::Token(refused))),
    };
    let Some(kid) = unverified.kid() else { return Ok(Err(BearerError::UnknownKey)) };
    let Some(key) = keyring::find(ports, kid).await? else { return Ok(Err(BearerError::UnknownKey)) };
    let us = ports.settings.public_url();
    let expected = Expected {
        typ: Some(TYPE),
        issuer: us,
        audience: Audience::Among(us),
        now: ports.now,
        tolerance: TOLERANCE,
        most: LIVES,
    };
    let (registered, claims) = match unverified.verify::<Claims>(&key, &expected) {
        Ok(claims) => claims,
        Err(refused) => return Ok(Err(BearerError::Token(refused))),
    };
    // A token of a person says the person in `sub`, and its client in `client_id` alone.
    let named = registered.sub.filter(|sub| *sub == claims.client_id).and_then(|sub| sub.parse().ok());
    let Some(id) = named else { return Ok(Err(BearerError::ClientGone)) };
    let client = client::read(ports, id).await?.filter(Client::is_active);
    let Some(client) = client.filter(|client| client.tenant == claims.tenant.id) else {
        return Ok(Err(BearerError::ClientGone));
    };
    let asked = claims.scope.split(' ').filter(|scope| !scope.is_empty());
    let scopes =
        asked.filter(|scope| client.scopes.iter().any(|has| has == scope)).map(str::to_owned).collect();
    Ok(Ok(Machine { client, scopes }))
}

/// RFC 9068 section 2.1.
const TYPE: &str = "at+jwt";
/// How long a token lives. Where it is shown to us its client's record is asked, too; where it is shown to others this is how long they believe it.
pub const LIVES: Secs = hours(1);
/// By how much the clocks of two instances may differ.
const TOLERANCE: Secs = Secs(30);
