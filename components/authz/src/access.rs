//! Who may ask, and which stores they reach.

use domain::{Digest, TenantId};
use kv_schema::{Machine, bearer, tenant};
use web::Call;

use crate::error::Refused;

/// What a caller wants to do; as machine clients have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Ask questions.
    Check,
    /// Read tuples, changes, models, assertions.
    Read,
    /// Write tuples.
    Write,
    /// Write models and assertions, make and remove stores.
    Model,
}

impl Scope {
    const fn name(self) -> &'static str {
        match self {
            Self::Check => "fga:check",
            Self::Read => "fga:read",
            Self::Write => "fga:write",
            Self::Model => "fga:model",
        }
    }
}

/// Someone who may do that: a machine client, which reaches the stores of its own tenant and of those below, or the holder of the bootstrap token,
/// who reaches all. Made by showing a right credential alone; every door to a store is on it.
pub(crate) struct Caller(Option<Box<Machine>>);

impl Caller {
    /// Whoever sent the request, if they may.
    pub(crate) async fn of(call: &Call<'_>, scope: Scope) -> Result<Self, Refused> {
        let shown = call.request.bearer().ok_or(Refused::NoToken)?;
        let known = call.ports.settings.optional("bootstrap_token");
        // Digests, so that neither content nor length shows in the time it takes.
        let digest = Digest::of(&[shown.as_bytes()]);
        if known.is_some_and(|known| digest == Digest::of(&[known.as_bytes()])) {
            return Ok(Self(None));
        }
        if !bearer::looks_signed(shown) {
            return Err(Refused::WrongToken);
        }
        let machine = bearer::authenticate(&call.ports, shown).await?.map_err(|_| Refused::WrongToken)?;
        if machine.may(scope.name()) {
            Ok(Self(Some(Box::new(machine))))
        } else {
            Err(Refused::Scope(scope.name()))
        }
    }

    /// Whether they reach what belongs to a tenant, or to the platform. What they do not reach answers as what is not there.
    pub(crate) async fn reaches(&self, call: &Call<'_>, owner: Option<TenantId>) -> Result<bool, Refused> {
        let Some(machine) = &self.0 else { return Ok(true) };
        let Some(owner) = owner else { return Ok(false) };
        if owner == machine.tenant() {
            return Ok(true);
        }
        match tenant::read(&call.ports, owner).await? {
            Some(tenant) => Ok(machine.reaches(&call.ports, &tenant).await?),
            None => Ok(false),
        }
    }

    /// The tenant that a machine is of: the owner of what it makes.
    pub(crate) fn tenant(&self) -> Option<TenantId> {
        self.0.as_ref().map(|machine| machine.tenant())
    }
}
