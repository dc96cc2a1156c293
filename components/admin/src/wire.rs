//! JSON shapes, and what a field takes.

use domain::Email;
use kv_schema::{Account, Tenant, account::State, tenant::is_slug};
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
        let mut roles: Vec<String> = Vec::new();
        for role in all {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        Ok(Self(roles))
    }
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

/// An account as it is told in a tenant.
pub(crate) fn account(account: &Account, tenant: &Tenant, passkeys: usize) -> Value {
    let memberships: Vec<Value> = account
        .memberships
        .iter()
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

const MOST_NAME: usize = 120;
const MOST_ROLES: usize = 20;
