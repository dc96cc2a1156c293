//! `GET /session`: who is signed in, where, and how.

use domain::TenantId;
use kv_schema::{Account, Session, sessions, tenant};
use ports::{Failure, Ports};
use serde_json::{Value, json};
use web::{Call, Problem, Response, StatusCode, cookie};

use crate::{error::SessionError, wire};

/// The session of the cookie.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, Problem> {
    let (session, account) = signed_in(call).await?;
    let mut slugs = Slugs::default();
    let slug = slugs.of(&call.ports, session.tenant()).await?.ok_or(SessionError::SignedOut)?;
    let mut memberships: Vec<Value> = Vec::new();
    for membership in &account.memberships {
        if let Some(slug) = slugs.of(&call.ports, membership.tenant).await? {
            let tenant = wire::tenant(membership.tenant, &slug);
            memberships.push(json!({ "tenant": tenant, "roles": membership.roles }));
        }
    }
    let mut body = json!({
        "id": session.id,
        "account": wire::account(&account),
        "tenant": wire::tenant(session.tenant(), &slug),
        "memberships": memberships,
    });
    wire::proof(&mut body, &session.who);
    Ok(web::json(StatusCode::OK, &body))
}

/// The live session of the request's cookie, with its account: two reads.
pub(crate) async fn signed_in(call: &Call<'_>) -> Result<(Session, Account), Problem> {
    let cookie = call.cookie(cookie::SESSION).ok_or(SessionError::SignedOut)?;
    Ok(sessions::check(&call.ports, cookie).await?.ok_or(SessionError::SignedOut)?)
}

/// Short names of tenants, each read once.
#[derive(Default)]
pub(crate) struct Slugs(Vec<(TenantId, Option<String>)>);

impl Slugs {
    /// The name; `None` if that tenant is gone.
    pub(crate) async fn of(&mut self, ports: &Ports<'_>, id: TenantId) -> Result<Option<String>, Failure> {
        if let Some((_, slug)) = self.0.iter().find(|(known, _)| *known == id) {
            return Ok(slug.clone());
        }
        let slug = tenant::slug_of(ports, id).await?;
        self.0.push((id, slug.clone()));
        Ok(slug)
    }
}
