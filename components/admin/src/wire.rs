//! JSON shapes, and what a field takes.

use domain::{Email, Plain};
use jose::{Jwk, JwkSet};
use kv_schema::{
    Account, Client, Tenant,
    account::State,
    client::{self, Method},
    tenant::is_slug,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// `POST /admin/tenants`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    pub(crate) name: Name,
    pub(crate) slug: Slug,
    pub(crate) parent: Option<String>,
}

/// `PATCH /admin/tenants/{tenant}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantChange {
    #[serde(default, deserialize_with = "given")]
    pub(crate) name: Option<Name>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) slug: Option<Slug>,
}

/// `POST …/accounts`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    pub(crate) email: Email,
    pub(crate) name: Option<Name>,
    #[serde(default)]
    pub(crate) roles: Roles,
}

/// `PATCH …/accounts/{account}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChange {
    #[serde(default, deserialize_with = "given")]
    pub(crate) state: Option<State>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) name: Option<Option<Name>>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) roles: Option<Roles>,
}

/// Tells a field that is null from one that is left out: who sends `"roles": null` and means "none" must not be told that it was done.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A name that people read.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Name(pub(crate) String);

impl TryFrom<String> for Name {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let name = text.trim();
        let fits = (1..=MOST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if fits {
            Ok(Self(name.to_owned()))
        } else {
            Err("a name has 1 to 120 characters, all of them visible")
        }
    }
}

/// A tenant's short name.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Slug(pub(crate) String);

impl TryFrom<String> for Slug {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if is_slug(&text) {
            Ok(Self(text))
        } else {
            Err("a slug has 1 to 63 of `a-z`, `0-9` and, inside, `-`")
        }
    }
}

/// Roles in one tenant, each once.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Roles(pub(crate) Vec<String>);

impl TryFrom<Vec<String>> for Roles {
    type Error = &'static str;

    fn try_from(all: Vec<String>) -> Result<Self, Self::Error> {
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.:-".contains(&b);
        let fits = |role: &String| (1..=64).contains(&role.len()) && role.bytes().all(allowed);
        if all.len() > MOST_ROLES || !all.iter().all(fits) {
            return Err("at most 20 roles, each of 1 to 64 of `a-z`, `0-9`, `_`, `.`, `:` and `-`");
        }
        Ok(Self(each_once(all)))
    }
}

/// `POST …/clients`, named as RFC 7591 names it where it does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewClient {
    pub(crate) name: Name,
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) scopes: Scopes,
    #[serde(default)]
    pub(crate) resources: Resources,
    #[serde(default, deserialize_with = "given")]
    pub(crate) token_endpoint_auth_method: Option<Method>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) jwks: Option<Keys>,
    #[serde(default, rename = "grant_types")]
    _grant_types: GrantTypes,
    #[serde(default, rename = "redirect_uris")]
    _redirect_uris: Nothing,
    #[serde(default, rename = "post_logout_redirect_uris")]
    _post_logout_redirect_uris: Nothing,
}

/// `PATCH …/clients/{client}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientChange {
    #[serde(default, deserialize_with = "given")]
    pub(crate) name: Option<Name>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) state: Option<client::State>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) scopes: Option<Scopes>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) resources: Option<Resources>,
    #[serde(default, deserialize_with = "given")]
    pub(crate) jwks: Option<Keys>,
}

/// `POST …/clients/{client}/secrets`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSecret {
    /// Whether every other secret ends at once.
    #[serde(default)]
    pub(crate) alone: bool,
}

/// What kind of client.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Kind(pub(crate) client::Kind);

impl TryFrom<String> for Kind {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "machine" => Ok(Self(client::Kind::Machine)),
            "web" | "spa" | "native" => {
                Err("takes `machine`; applications that people sign in to are not taken yet")
            }
            _ => Err("takes `machine`"),
        }
    }
}

/// Scopes, each once (RFC 6749 section 3.3).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Scopes(pub(crate) Vec<String>);

impl TryFrom<Vec<String>> for Scopes {
    type Error = &'static str;

    fn try_from(all: Vec<String>) -> Result<Self, Self::Error> {
        let allowed = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        let fits = |scope: &String| (1..=64).contains(&scope.len()) && scope.bytes().all(allowed);
        if all.len() > MOST_SCOPES || !all.iter().all(fits) {
            return Err("at most 50 scopes, each of 1 to 64 visible ASCII characters but `\"` and `\\`");
        }
        Ok(Self(each_once(all)))
    }
}

/// Resource indicators, each once (RFC 8707 section 2): absolute and without a fragment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Resources(pub(crate) Vec<String>);

impl TryFrom<Vec<String>> for Resources {
    type Error = &'static str;

    fn try_from(all: Vec<String>) -> Result<Self, Self::Error> {
        let absolute = |uri: &String| {
            let (scheme, rest) = uri.split_once(':').unwrap_or_default();
            let named = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b))
                && scheme.starts_with(|first: char| first.is_ascii_alphabetic());
            named && !rest.is_empty() && uri.len() <= 512
        };
        let plain = |uri: &String| uri.bytes().all(|b| b.is_ascii_graphic() && !b"#<>\"\\^`{|}".contains(&b));
        if all.len() > MOST_RESOURCES || !all.iter().all(|uri| absolute(uri) && plain(uri)) {
            return Err("at most 20 absolute URIs without a fragment, each of at most 512 characters");
        }
        Ok(Self(each_once(all)))
    }
}

/// The keys of a client that signs.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "JwkSet")]
pub(crate) struct Keys(pub(crate) Vec<Jwk>);

impl TryFrom<JwkSet> for Keys {
    type Error = &'static str;

    fn try_from(set: JwkSet) -> Result<Self, Self::Error> {
        let mut ids: Vec<&str> = set.keys.iter().map(Jwk::kid).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() != set.keys.len() || !(1..=MOST_KEYS).contains(&ids.len()) {
            return Err("takes 1 to 5 keys, each with a `kid` of its own");
        }
        Ok(Self(set.keys))
    }
}

/// The grants of a machine.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct GrantTypes;

impl TryFrom<Vec<String>> for GrantTypes {
    type Error = &'static str;

    fn try_from(all: Vec<String>) -> Result<Self, Self::Error> {
        if all == [GRANT] { Ok(Self) } else { Err("a machine has `client_credentials` alone") }
    }
}

/// A list that a machine has nothing to put into.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Nothing;

impl TryFrom<Vec<String>> for Nothing {
    type Error = &'static str;

    fn try_from(all: Vec<String>) -> Result<Self, Self::Error> {
        if all.is_empty() { Ok(Self) } else { Err("a machine has none: nobody signs in to it") }
    }
}

fn each_once(all: Vec<String>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for each in all {
        if !once.contains(&each) {
            once.push(each);
        }
    }
    once
}

/// A tenant as it is told.
pub(crate) fn tenant(tenant: &Tenant) -> Value {
    json!({
        "id": tenant.id.to_string(),
        "slug": tenant.slug,
        "name": tenant.name,
        "parent": tenant.parent.map(|parent| parent.to_string()),
        "store_id": tenant.store,
        "created_at": tenant.created.rfc3339(),
    })
}

/// An account as it is told in a tenant. In which others it is a member is told only to who reaches all of them.
pub(crate) fn account(account: &Account, tenant: &Tenant, all: bool, passkeys: usize) -> Value {
    let memberships: Vec<Value> = account
        .memberships
        .iter()
        .filter(|membership| all || membership.tenant == tenant.id)
        .map(|membership| json!({ "tenant": membership.tenant.to_string(), "roles": membership.roles }))
        .collect();
    json!({
        "id": account.id.to_string(),
        "email": account.email.as_str(),
        "name": account.name,
        "state": account.state,
        "roles": account.membership(tenant.id).map(|membership| membership.roles.as_slice()).unwrap_or_default(),
        "memberships": memberships,
        "passkeys": passkeys,
        "created_at": account.created.rfc3339(),
    })
}

/// A client as it is told. Of its secrets only since when they are good.
pub(crate) fn client(client: &Client) -> Value {
    let secrets: Vec<Value> =
        client.secrets.iter().map(|secret| json!({ "created_at": secret.created.rfc3339() })).collect();
    let mut body = json!({
        "id": client.id.to_string(),
        "client_id": client.id.to_string(),
        "name": client.name,
        "kind": client.kind,
        "state": client.state,
        "scopes": client.scopes,
        "resources": client.resources,
        "grant_types": [GRANT],
        "token_endpoint_auth_method": client.method,
        "secrets": secrets,
        "created_at": client.created.rfc3339(),
    });
    if let (false, Some(members)) = (client.keys.is_empty(), body.as_object_mut()) {
        members.insert("jwks".into(), json!({ "keys": client.keys }));
    }
    body
}

/// A client with a secret, in the one answer that tells it.
pub(crate) fn client_with(client: &Client, secret: Option<&Plain<String>>) -> Value {
    let mut body = self::client(client);
    if let (Some(secret), Some(members)) = (secret, body.as_object_mut()) {
        members.insert("client_secret".into(), secret.reveal().as_str().into());
        // It does not end by itself.  RFC 7591 section 3.2.1
        members.insert("client_secret_expires_at".into(), 0.into());
    }
    body
}

const GRANT: &str = "client_credentials";
const MOST_SCOPES: usize = 50;
const MOST_RESOURCES: usize = 20;
const MOST_KEYS: usize = 5;
const MOST_NAME: usize = 120;
const MOST_ROLES: usize = 20;
