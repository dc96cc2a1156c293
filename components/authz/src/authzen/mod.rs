//! The AuthZEN Authorization API 1.0: subject and resource are objects, the action's name is a relation, properties are parameters of conditions.
//!
//! Where it differs from OpenFGA's habits: what the model does not know is no error but a no, or an empty list; so is a condition that lacks a parameter.

pub(crate) mod evaluate;
pub(crate) mod metadata;
pub(crate) mod search;
mod wire;

use domain::Ulid;
use fga::{Limits, Missing};
use kv_schema::tenant;
use web::Call;

use crate::{access::Caller, error::Refused, store};

/// The store that is asked: the one in the path, or the tenant's that the request names; a machine's own, if it names none.
async fn store_of(call: &Call<'_>, caller: &Caller, tenant_named: Option<&str>) -> Result<Ulid, Refused> {
    if !call.param("store").is_empty() {
        return store::reached(call, caller).await.map_err(in_shape);
    }
    let named = tenant_named.or_else(|| call.request.query("tenant"));
    if let (None, Some(own)) = (named, caller.tenant()) {
        return Ok(own.ulid());
    }
    let tenant = tenant::find(&call.ports, named).await?.ok_or(Refused::NoTenant)?;
    Ok(tenant.id.ulid())
}

/// A missing parameter is a no here.
fn limits(limits: Limits) -> Limits {
    Limits { missing: Missing::Deny, ..limits }
}

/// Errors in AuthZEN's shape.
fn in_shape(refused: Refused) -> Refused {
    match refused {
        Refused::Fga(error) if error.code == fga::Code::StoreIdNotFound => Refused::NoTenant,
        Refused::Fga(error) => Refused::Malformed(error.message),
        other => other,
    }
}
