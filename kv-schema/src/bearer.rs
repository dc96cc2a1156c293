//! Access tokens: what we sign for a machine client, and what a room believes of one that is shown to it.
//!
//! A token is checked by its signature **and** by the client's record, so that disabling a client, deleting it or taking a scope away holds with
//! the next request: one read, since keys and verified tokens are remembered.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use domain::{ClientId, Digest, Moment, Plain, Secs, TenantId, Ulid, hours};
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

/// Whose token this is, if it is one of ours for us and its client is still there: one read, and a signature the first time that this instance sees it.
pub async fn authenticate(ports: &Ports<'_>, token: &str) -> Result<Result<Machine, BearerError>, Failure> {
    let verified = match seen(ports, token) {
        Some(verified) => verified,
        None => match verify(ports, token).await? {
            Ok(verified) => verified,
            Err(refused) => return Ok(Err(refused)),
        },
    };
    let client = client::read(ports, verified.client).await?.filter(Client::is_active);
    let Some(client) = client.filter(|client| client.tenant == verified.tenant) else {
        return Ok(Err(BearerError::ClientGone));
    };
    let still = |scope: &&String| client.scopes.contains(*scope);
    let scopes = verified.scopes.iter().filter(still).cloned().collect();
    Ok(Ok(Machine { client, scopes }))
}

/// What a token says, verified. It stays so: a token does not change, and no key is taken back before all that it signed is over.
struct Verified {
    ends: Moment,
    client: ClientId,
    tenant: TenantId,
    scopes: Vec<String>,
}

async fn verify(ports: &Ports<'_>, token: &str) -> Result<Result<Arc<Verified>, BearerError>, Failure> {
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
    let Some(client) = named else { return Ok(Err(BearerError::ClientGone)) };
    let scopes = claims.scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let ends = Moment::from_secs(registered.exp).plus(TOLERANCE);
    let verified = Arc::new(Verified { ends, client, tenant: claims.tenant.id, scopes });
    remember(ports, token, &verified);
    Ok(Ok(verified))
}

/// The tokens that this instance has verified. A signature costs milliseconds, a check on the way of every request must not.
#[derive(Default)]
struct Seen(Mutex<BTreeMap<[u8; 32], Arc<Verified>>>);

fn seen(ports: &Ports<'_>, token: &str) -> Option<Arc<Verified>> {
    let seen = ports.blocks.kept::<Seen>();
    let verified = seen.0.lock().ok()?.get(&name(ports, token)).cloned()?;
    (ports.now < verified.ends).then_some(verified)
}

fn remember(ports: &Ports<'_>, token: &str, verified: &Arc<Verified>) {
    if let Ok(mut seen) = ports.blocks.kept::<Seen>().0.lock() {
        if seen.len() >= MOST_SEEN {
            seen.retain(|_, verified| ports.now < verified.ends);
        }
        // The names are hashes: whichever goes, it is nobody's in particular.
        while seen.len() >= MOST_SEEN {
            seen.pop_first();
        }
        seen.insert(name(ports, token), Arc::clone(verified));
    }
}

/// A token as this instance knows it again; for us, under the name that we have now.
fn name(ports: &Ports<'_>, token: &str) -> [u8; 32] {
    *Digest::of(&[ports.settings.public_url().as_bytes(), token.as_bytes()]).bytes()
}

const MOST_SEEN: usize = 256;
/// RFC 9068 section 2.1.
const TYPE: &str = "at+jwt";
/// How long a token lives. Where it is shown to us its client's record is asked, too; where it is shown to others this is how long they believe it.
pub const LIVES: Secs = hours(1);
/// By how much the clocks of two instances may differ.
const TOLERANCE: Secs = Secs(30);
