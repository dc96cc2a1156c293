//! Who may administer, and what they reach.

use domain::{Digest, TenantId};
use kv_schema::{Account, Machine, Tenant, account, bearer, tenant};
use web::Call;

use crate::error::AdminError;

/// Someone who may administer. Made by showing a right credential alone; every door to a tenant, an account or a client is on it.
pub(crate) struct Administrator(Reach);

enum Reach {
    /// The holder of the bootstrap token.
    Everything,
    /// A machine client: its own tenant, and those below.
    Of(Box<Machine>),
}

impl Administrator {
    /// Whoever sent the request, if that is an administrator.
    pub(crate) async fn of(call: &Call<'_>) -> Result<Self, AdminError> {
        let shown = call.request.bearer().ok_or(AdminError::Unauthorized)?;
        let known = call.ports.settings.optional("bootstrap_token");
        // Digests, so that neither content nor length shows in the time it takes.
        let digest = Digest::of(&[shown.as_bytes()]);
        if known.is_some_and(|known| digest == Digest::of(&[known.as_bytes()])) {
            return Ok(Self(Reach::Everything));
        }
        if !bearer::looks_signed(shown) {
            return Err(AdminError::Unauthorized);
        }
        let machine = bearer::authenticate(&call.ports, shown).await?.map_err(AdminError::TokenRefused)?;
        if machine.may(SCOPE) {
            Ok(Self(Reach::Of(Box::new(machine))))
        } else {
            Err(AdminError::InsufficientScope)
        }
    }

    /// Where what they reach begins.
    pub(crate) const fn top(&self) -> TenantId {
        match &self.0 {
            Reach::Everything => TenantId::ROOT,
            Reach::Of(machine) => machine.tenant(),
        }
    }

    /// Whether they reach everything there is.
    pub(crate) const fn sees_all(&self) -> bool {
        matches!(self.0, Reach::Everything)
    }

    async fn reaches(&self, call: &Call<'_>, tenant: &Tenant) -> Result<bool, AdminError> {
        Ok(match &self.0 {
            Reach::Everything => true,
            Reach::Of(machine) => machine.reaches(&call.ports, tenant).await?,
        })
    }

    /// The tenant that a text names by id, slug or path of slugs; none if it is outside their reach.
    pub(crate) async fn named(&self, call: &Call<'_>, named: &str) -> Result<Option<Tenant>, AdminError> {
        match tenant::find(&call.ports, Some(named)).await? {
            Some(tenant) if self.reaches(call, &tenant).await? => Ok(Some(tenant)),
            _ => Ok(None),
        }
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

    /// Refuses unless every tenant that the account is a member of is within reach: what holds for the whole account would hold there, too. Else
    /// whoever may add a member could take over, or lock out, anybody.
    pub(crate) async fn whole(&self, call: &Call<'_>, account: &Account) -> Result<(), AdminError> {
        if self.sees_all() {
            return Ok(());
        }
        for membership in &account.memberships {
            match tenant::read(&call.ports, membership.tenant).await? {
                Some(tenant) if self.reaches(call, &tenant).await? => {}
                _ => return Err(AdminError::ForeignAccount),
            }
        }
        Ok(())
    }
}

/// API.md section 4.
const SCOPE: &str = "admin";
