//! Clients: applications and machines that a tenant registered to ask for tokens. Each is one record, found by its id alone; a tenant lists its own by
//! numbered lines, as it does its members.

use domain::{ClientId, Digest, Moment, Plain, TenantId, Token, Ulid, days, secret::ClientSecret};
use jose::{Jwk, Registered};
use ports::{Failure, OneTimeError, Ports};
use serde::{Deserialize, Serialize};

use crate::{Change, Key, Page, Record, Tenant, record, slot, tenant};

/// What kind of application it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A machine: it asks for tokens in its own name, and no person signs in to it.
    Machine,
}

/// Whether it may ask for tokens, and use those it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It may.
    Active,
    /// It may not, from the write that says so on.
    Disabled,
}

/// How it proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// By its secret in the `Authorization` header.
    ClientSecretBasic,
    /// By its secret in the form.
    ClientSecretPost,
    /// By a token that it signs with a key of its own.
    PrivateKeyJwt,
}

impl Method {
    /// Whether it has a secret. Those who have one may show it either way: which libraries do is rarely a choice.
    pub const fn has_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost)
    }
}

/// A secret, as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secret {
    digest: Digest,
    /// Since when it is good.
    pub created: Moment,
}

/// A client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Who; its `client_id`.
    pub id: ClientId,
    /// Whose.
    pub tenant: TenantId,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Whether it may do anything.
    pub state: State,
    /// How it proves who it is.
    pub method: Method,
    /// What it may ask for.
    pub scopes: Vec<String>,
    /// For whom it may ask tokens, besides us (RFC 8707).
    pub resources: Vec<String>,
    /// Its keys, if it signs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<Jwk>,
    /// Its secrets, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<Secret>,
    /// When it was made.
    pub created: Moment,
    place: i64,
    #[serde(default)]
    deleted: bool,
}

impl Client {
    /// How many secrets are good at once: the new one, and the old one until everyone has the new.
    pub const MOST_SECRETS: usize = 2;

    /// Whether it may do anything.
    pub fn is_active(&self) -> bool {
        self.state == State::Active
    }

    /// Whether a text is one of its secrets. All are compared, each in constant time.
    pub fn knows(&self, shown: &str) -> bool {
        let Some(token) = Token::<ClientSecret>::parse(shown) else { return false };
        self.secrets.iter().fold(false, |known, secret| known | (secret.digest == token.digest()))
    }
}

impl Record for Client {
    const PAGE: Page = Page {
        name: "client",
        key: "lk1:_:client:{client}",
        holds: "a client: tenant, name, kind, state, scopes, resources, public keys, digests of at most two secrets",
        lives: "until it is deleted",
        use_: "swapped",
        written_by: &["admin"],
        read_by: &["session"],
    };
}

pub(crate) const PAGES: [Page; 3] = [
    Page {
        name: "client-line",
        key: "lk1:{tenant}:client-line:{place}",
        holds: "the id of a client of the tenant; the client's own record says whether it still is",
        lives: "until the client is deleted",
        use_: "written once",
        written_by: &["admin"],
        read_by: &[],
    },
    Page {
        name: "seq-client",
        key: "lk1:{tenant}:seq-client:0",
        holds: "a counter: the last place given in the list of clients",
        lives: "as long as the tenant",
        use_: "increment only",
        written_by: &["admin"],
        read_by: &[],
    },
    Page {
        name: "once-assertion",
        key: "lk1:_:once-assertion:{client}.{day}.{hash}",
        holds: "a counter: 1 once a client's signed proof (`jti`) was used",
        lives: "until the end of the day on which the proof ends",
        use_: "increment only",
        written_by: &["session"],
        read_by: &["janitor"],
    },
];

/// A line in a tenant's list.
#[derive(Serialize, Deserialize)]
struct Line {
    client: ClientId,
}
impl Record for Line {
    const PAGE: Page = PAGES[0];
}

/// What a client is made of.
#[derive(Debug, Clone)]
pub struct New {
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// How it proves who it is.
    pub method: Method,
    /// What it may ask for.
    pub scopes: Vec<String>,
    /// For whom it may ask tokens, besides us.
    pub resources: Vec<String>,
    /// Its keys, if it signs.
    pub keys: Vec<Jwk>,
}

/// Registers a client, with a first secret if it is to have one; `None` if the tenant is gone.
pub async fn create(
    ports: &Ports<'_>,
    tenant: &Tenant,
    new: New,
) -> Result<Option<(Client, Option<Plain<String>>)>, Failure> {
    // The list first: a line whose client never came to be is skipped; a client without a line would be invisible.
    let place = ports.store.increment(seq_client(tenant.id).as_str(), 1).await?;
    let id = ClientId::of(Ulid::new(ports.now, ports.entropy.bytes()));
    record::put(ports, &line_key(tenant.id, place), &Line { client: id }, None).await?;
    let (secret, plain) = match new.method.has_secret() {
        true => {
            let (secret, plain) = issue(ports);
            (vec![secret], Some(plain))
        }
        false => (Vec::new(), None),
    };
    let client = Client {
        id,
        tenant: tenant.id,
        name: new.name,
        kind: new.kind,
        state: State::Active,
        method: new.method,
        scopes: new.scopes,
        resources: new.resources,
        keys: new.keys,
        secrets: secret,
        created: ports.now,
        place,
        deleted: false,
    };
    record::put(ports, &key(id), &client, None).await?;
    if !tenant::hold(ports, tenant.id).await? {
        delete(ports, id, tenant.id).await?;
        return Ok(None);
    }
    Ok(Some((client, plain)))
}

/// The client with this id.
pub async fn read(ports: &Ports<'_>, id: ClientId) -> Result<Option<Client>, Failure> {
    Ok(record::read::<Client>(ports, &key(id)).await?.filter(|client| !client.deleted))
}

/// Changes a client so that no change is lost; `None` if there is no such client.
pub async fn update<T>(
    ports: &Ports<'_>,
    id: ClientId,
    mut change: impl FnMut(&mut Client) -> Change<T>,
) -> Result<Option<T>, Failure> {
    let told = record::update::<Client, Option<T>>(ports, &key(id), |client| {
        if client.deleted {
            return Change::Leave(None);
        }
        match change(client) {
            Change::Write(told) => Change::Write(Some(told)),
            Change::Leave(told) => Change::Leave(Some(told)),
        }
    })
    .await?;
    Ok(told.flatten())
}

/// Gives a client a further secret, told once. Of those before the newest stays good, or none if `alone`.
/// `None` if there is no such client, or one without secrets.
pub async fn add_secret(
    ports: &Ports<'_>,
    id: ClientId,
    alone: bool,
) -> Result<Option<(Client, Plain<String>)>, Failure> {
    let (secret, plain) = issue(ports);
    let changed = update(ports, id, |client| {
        if !client.method.has_secret() {
            return Change::Leave(None);
        }
        let stay = if alone { 0 } else { Client::MOST_SECRETS - 1 };
        let excess = client.secrets.len().saturating_sub(stay);
        client.secrets.drain(..excess);
        client.secrets.push(secret.clone());
        Change::Write(Some(client.clone()))
    });
    Ok(changed.await?.flatten().map(|client| (client, plain)))
}

fn issue(ports: &Ports<'_>) -> (Secret, Plain<String>) {
    let (token, plain) = Token::<ClientSecret>::issue(&[], ports.entropy.bytes());
    (Secret { digest: token.digest(), created: ports.now }, plain)
}

/// Removes a client of this tenant; whether there was one. Its tokens are worth nothing from the first write on.
pub async fn delete(ports: &Ports<'_>, id: ClientId, tenant: TenantId) -> Result<bool, Failure> {
    // Marked first, so that nobody's change brings it back; sees marked ones too: repeated, it finishes what was cut short.
    let place = record::update::<Client, Option<i64>>(ports, &key(id), |client| {
        if client.tenant != tenant {
            return Change::Leave(None);
        }
        client.deleted = true;
        Change::Write(Some(client.place))
    })
    .await?;
    let Some(place) = place.flatten() else { return Ok(false) };
    ports.store.delete(line_key(tenant, place).as_str()).await?;
    ports.store.delete(key(id).as_str()).await?;
    Ok(true)
}

/// A page of a tenant's clients in the order they were made: those after place `after`, at most `limit`, and the place to go on after.
pub async fn list(
    ports: &Ports<'_>,
    tenant: TenantId,
    after: i64,
    limit: usize,
) -> Result<(Vec<Client>, Option<i64>), Failure> {
    let last = ports.store.increment(seq_client(tenant).as_str(), 0).await?;
    let mut found = Vec::new();
    let mut place = after.max(0);
    let end = last.min(place.saturating_add(tenant::MOST_PLACES));
    while place < end && found.len() < limit {
        place += 1;
        if let Some(line) = record::read::<Line>(ports, &line_key(tenant, place)).await?
            && let Some(client) = read(ports, line.client).await?
            && (client.tenant, client.place) == (tenant, place)
        {
            found.push(client);
        }
    }
    Ok((found, (place < last).then_some(place)))
}

/// Uses up a client's signed proof, whose signature was checked: whether it is the first time. `None` if it has no name by which it could be known again.
pub async fn use_assertion(
    ports: &Ports<'_>,
    client: ClientId,
    claims: &Registered,
) -> Result<Option<bool>, Failure> {
    let Some(jti) = claims.jti.as_deref().filter(|jti| !jti.is_empty()) else { return Ok(None) };
    // The day keeps a mark that has died from being used again; one proof always has the same.
    let day = claims.exp / days(1).0;
    let ends = Moment::from_secs((day + 1).saturating_mul(days(1).0));
    let hash = ports.settings.index_key()?.segment("assertion", &[jti.as_bytes()]);
    let mark = Key::platform("once-assertion", format_args!("{}.{day}.{hash}", client.ulid()));
    match ports.one_time.issue(mark.as_str(), ends).await {
        Ok(()) => {
            slot::forget_later(ports, &mark, ends).await?;
            Ok(Some(true))
        }
        Err(OneTimeError::Spent) => Ok(Some(false)),
        Err(error) => Err(error.into()),
    }
}

fn key(id: ClientId) -> Key {
    Key::platform("client", id.ulid())
}

fn line_key(tenant: TenantId, place: i64) -> Key {
    Key::of(tenant, "client-line", place)
}

pub(crate) fn seq_client(tenant: TenantId) -> Key {
    Key::of(tenant, "seq-client", 0)
}
