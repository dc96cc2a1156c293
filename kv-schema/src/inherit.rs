//! How a policy comes down the tree. Every tenant's record holds the policy that holds there, so that reading it costs one read at any
//! depth; the price is paid here, when one changes.
//!
//! Three things keep what lies below right, whoever else changes something at the same moment and wherever the process is killed:
//! 1. A tenant **follows** its parent by looking again after it has written: if the parent's policy is another one now, it writes again. Whoever
//!    changes the parent makes all below follow *after* that change. So the last to write has seen the last change.
//! 2. The write that changes a tenant's policy also counts its `revision` up; `spread` catches up once all below follow. As long as
//!    it has not, any later walk that comes by goes on with it, from the place it had `reached`.
//! 3. Before the first write the tenant is noted in a slot, which goes when all is done. If nobody comes by, the janitor does.

use std::collections::BTreeMap;

use domain::{TenantId, mins};
use ports::{Failure, Ports, StoreError};

use crate::{
    Change, Policy, Tenant,
    policy::Own,
    slot::{self, Slot},
    tenant,
};

/// Changes what a tenant itself says, and lets it come down. `judge` gets what holds above and the tenant's own values to change; what it refuses changes
/// nothing. It may be called several times. `None` if there is no such tenant.
///
/// The tenant that is returned [is spreading](Tenant::is_spreading) if so many are below it that the janitor, or the next call, has to go on.
pub async fn change<E>(
    ports: &Ports<'_>,
    id: TenantId,
    mut judge: impl FnMut(&Policy, &mut BTreeMap<String, Own>) -> Result<(), E>,
) -> Result<Option<Result<Tenant, E>>, Failure> {
    let Some(mut now) = tenant::read(ports, id).await? else { return Ok(None) };
    let Some(above) = above(ports, &now).await? else { return Ok(None) };
    // Refused or nothing new: nothing is written, not even a note.
    let before = now.own.clone();
    if let Err(refused) = judge(&above, &mut now.own) {
        return Ok(Some(Err(refused)));
    }
    if now.own == before && !now.is_spreading() {
        return Ok(Some(Ok(now)));
    }
    let note = note(ports, id).await?;
    let changed = tenant::update(ports, id, |tenant| {
        let mut own = tenant.own.clone();
        if let Err(refused) = judge(&above, &mut own) {
            return Change::Leave(Some(refused));
        }
        let policy = above.below(id, &own);
        if own == tenant.own && policy == tenant.policy {
            return Change::Leave(None);
        }
        tenant.own = own;
        turn(tenant, policy);
        Change::Write(None)
    })
    .await?;
    let refused = match changed {
        None => return forget(ports, note).await.map(|()| None),
        Some(refused) => refused,
    };
    let Some(tenant) = follow(ports, id).await? else { return forget(ports, note).await.map(|()| None) };
    if spread(ports, id, MOST_AT_ONCE).await? {
        forget(ports, note).await?;
    }
    match refused {
        Some(refused) => Ok(Some(Err(refused))),
        None => Ok(Some(Ok(tenant::read(ports, id).await?.unwrap_or(tenant)))),
    }
}

/// Makes a tenant's policy what its parent's and its own values come to; the tenant as it is then, `None` if it or its parent is gone.
pub(crate) async fn follow(ports: &Ports<'_>, id: TenantId) -> Result<Option<Tenant>, Failure> {
    let Some(tenant) = tenant::read(ports, id).await? else { return Ok(None) };
    let Some(mut policy) = above(ports, &tenant).await? else { return Ok(None) };
    for _ in 0..TRIES {
        let told = tenant::update(ports, id, |tenant| {
            let below = policy.below(id, &tenant.own);
            if below == tenant.policy {
                return Change::Leave(tenant.clone());
            }
            turn(tenant, below);
            Change::Write(tenant.clone())
        })
        .await?;
        let Some(tenant) = told else { return Ok(None) };
        let Some(now) = above(ports, &tenant).await? else { return Ok(None) };
        if now == policy {
            return Ok(Some(tenant));
        }
        policy = now;
    }
    Err(StoreError(format!("the policy above `{id}` changed {TRIES} times while it was being followed"))
        .into())
}

/// Goes on where a spreading was cut short; what is too much for one go is noted anew. A tenant that cannot be read now is noted anew, too, so that it does not keep the
/// janitor from the rest.
pub(crate) async fn resume(ports: &Ports<'_>, id: TenantId) -> Result<(), Failure> {
    let done = spread(ports, id, MOST_AT_ONCE).await.unwrap_or_else(|failure| {
        ports.log.warn(&format!("a policy cannot come down from `{id}`: {failure}"));
        false
    });
    if !done {
        note(ports, id).await?;
    }
    Ok(())
}

/// Lets all below follow, at most so many tenants in one go; whether that is all of them.
async fn spread(ports: &Ports<'_>, id: TenantId, most: usize) -> Result<bool, Failure> {
    let Some(top) = tenant::read(ports, id).await? else { return Ok(true) };
    let mut left = most;
    // The way from the top down to where we are, since the depth of the tree has no limit.
    let mut path: Vec<Level> = Vec::new();
    enter(ports, &mut path, &top).await?;
    while let Some(level) = path.last_mut() {
        if level.place >= level.last {
            let done = path.pop();
            if let Some(level) = done {
                settle(ports, &level).await?;
            }
            continue;
        }
        if left == 0 {
            keep(ports, &path).await?;
            return Ok(false);
        }
        left -= 1;
        level.place += 1;
        let (parent, place) = (level.tenant, level.place);
        if let Some(child) = tenant::child_at(ports, parent, place).await?
            && let Some(child) = follow(ports, child.id).await?
        {
            enter(ports, &mut path, &child).await?;
        }
    }
    Ok(true)
}

/// One tenant on the way down: how far in its list of children.
struct Level {
    tenant: TenantId,
    revision: u64,
    place: i64,
    last: i64,
}

async fn enter(ports: &Ports<'_>, path: &mut Vec<Level>, tenant: &Tenant) -> Result<(), Failure> {
    if tenant.is_spreading() {
        let last = tenant::last_place(ports, tenant.id).await?;
        path.push(Level { tenant: tenant.id, revision: tenant.revision, place: tenant.reached, last });
    }
    Ok(())
}

/// All below follow this revision; a later one is somebody else's business, who began at the first place again.
async fn settle(ports: &Ports<'_>, level: &Level) -> Result<(), Failure> {
    tenant::update(ports, level.tenant, |tenant| {
        if tenant.revision != level.revision || !tenant.is_spreading() {
            return Change::Leave(());
        }
        tenant.spread = level.revision;
        tenant.reached = 0;
        Change::Write(())
    })
    .await?;
    Ok(())
}

/// Keeps how far we came, from the lowest level up: the child we are in at each upper level is not done.
async fn keep(ports: &Ports<'_>, path: &[Level]) -> Result<(), Failure> {
    for (up, level) in path.iter().rev().enumerate() {
        let reached = if up == 0 { level.place } else { level.place - 1 };
        tenant::update(ports, level.tenant, |tenant| {
            if tenant.revision != level.revision || !tenant.is_spreading() || tenant.reached >= reached {
                return Change::Leave(());
            }
            tenant.reached = reached;
            Change::Write(())
        })
        .await?;
    }
    Ok(())
}

/// What holds above a tenant; `None` if its parent is gone.
async fn above(ports: &Ports<'_>, tenant: &Tenant) -> Result<Option<Policy>, Failure> {
    Ok(match tenant.parent {
        None => Some(Policy::default()),
        Some(parent) => tenant::read(ports, parent).await?.map(|parent| parent.policy),
    })
}

fn turn(tenant: &mut Tenant, policy: Policy) {
    if policy != tenant.policy {
        tenant.policy = policy;
        tenant.revision += 1;
        tenant.reached = 0;
    }
}

async fn note(ports: &Ports<'_>, id: TenantId) -> Result<Slot, Failure> {
    slot::note(ports, SPREAD, &id, ports.now.plus(mins(10))).await
}

async fn forget(ports: &Ports<'_>, note: Slot) -> Result<(), Failure> {
    Ok(ports.store.delete(note.key().as_str()).await?)
}

/// What the janitor finds in a slot of this kind: a tenant whose policy has not come down to all below.
pub(crate) const SPREAD: &str = "spread";

/// As many as one request follows: some seconds' work on a slow store.
const MOST_AT_ONCE: usize = 1_000;
const TRIES: usize = 50;
