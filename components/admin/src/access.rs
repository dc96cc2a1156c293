//! Who may administer, and what they reach.

use domain::Digest;
use kv_schema::{Account, Tenant, account, tenant};
use web::Call;

use crate::error::AdminError;

/// Someone who may administer. Made by showing a right credential alone; every door to a tenant or an account is on it.
pub(crate) struct Administrator(());

impl Administrator {
    /// Whoever sent the request, if that is an administrator.
    pub(crate) fn of(call: &Call<'_>) -> Result<Self, AdminError> {
        let known = call.ports.settings.optional("bootstrap_token").ok_or(AdminError::Unauthorized)?;
        let shown = call.request.bearer().ok_or(AdminError::Unauthorized)?;
        // Digests, so that neither content nor length shows in the time it takes.
        if Digest::of(&[shown.as_bytes()]) != Digest::of(&[known.as_bytes()]) {
            return Err(AdminError::Unauthorized);
        }
        Ok(Self(()))
    }

    /// The tenant that a text names by id, slug or path of slugs.
    pub(crate) async fn named(&self, call: &Call<'_>, named: &str) -> Result<Option<Tenant>, AdminError> {
        Ok(tenant::find(&call.ports, Some(named)).await?)
    }

    /// The tenant in the path.
    pub(crate) async fn tenant(&self, call: &Call<'_>) -> Result<Tenant, AdminError> {
        self.named(call, call.param("tenant")).await?.ok_or(AdminError::NotFound)
    }

    /// The tenant and the account in the path: a member of that tenant.
    pub(crate) async fn member(&self, call: &Call<'_>) -> Result<(Tenant, Account), AdminError> {
        let tenant = self.tenant(call).await?;
        let id = call.param("account").parse().map_err(|_| AdminError::NotFound)?;
        let account = account::read(&call.ports, id).await?.ok_or(AdminError::NotFound)?;
        if account.membership(tenant.id).is_none() {
            return Err(AdminError::NotFound);
        }
        Ok((tenant, account))
    }
}
