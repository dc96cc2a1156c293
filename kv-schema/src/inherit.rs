//! How a policy comes down the tree. Every tenant's record holds the policy that holds there, so that reading it costs one read at any
//! depth; the price is paid here, when one changes.
//!
//! Three things keep what lies below right, whoever else changes something at the same moment and wherever the process is killed:
//! 1. A tenant **follows** its parent by looking again after it has written: if the parent's policy is another one now, it writes again. Whoever
//!    changes the parent makes all below follow *after* that change. So the last to write has seen the last change.
//! 2. The write that changes a tenant's policy also counts its `revision` up; `spread` catches up once all below follow. As long as
//!    it has not, any later walk that comes by goes on with it, from the place it had `reached`.
//! 3. Before the first write the tenant is noted in a slot, which goes when all is done. If nobody comes by, the janitor does.
//!
//! One go makes few writes, since Spin never frees what a swap takes up in its instance (reference/SPIN.md section 1): 256 swaps, and the instance
//! can make no more for anyone. A tenant with nobody below costs one.

use std::collections::BTreeMap;

use domain::{TenantId, mins};
use ports::{Failure, Ports, StoreError};

use crate::{
    Change, Policy, Tenant,
    policy::Own,
    slot::{self, Slot},
    tenant,
};

/// A change that was taken.
#[derive(Debug)]
pub struct Changed {
    /// The tenant as it is then.
    pub tenant: Tenant,
    /// Whether so many are below it that the next call, or the janitor, has to go on.
    pub pending: bool,
}

/// Changes what a tenant itself says, and lets it come down. `judge` gets what holds above and the tenant's own values to change; what it refuses changes
/// nothing. It may be called several times. `None` if there is no such tenant.
pub async fn change<E>(
    ports: &Ports<'_>,
    id: TenantId,
    mut judge: impl FnMut(&Policy, &mut BTreeMap<String, Own>) -> Result<(), E>,
) -> Result<Option<Result<Changed, E>>, Failure> {
    let Some(mut now) = tenant::read(ports, id).await? else { return Ok(None) };
    let Some(above) = above(ports, &now).await? else { return Ok(None) };
    // Refused or nothing new: nothing is written, not even a note.
    let before = now.own.clone();
    if let Err(refused) = judge(&above, &mut now.own) {
        return Ok(Some(Err(refused)));
    }
    if now.own == before && !now.is_spreading() {
        return Ok(Some(Ok(Changed { tenant: now, pending: false })));
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
    let Some((tenant, _)) = turned(ports, id).await? else {
        return forget(ports, note).await.map(|()| None);
    };
    let done = spread(ports, &tenant).await?;
    if done {
        forget(ports, note).await?;
    }
    Ok(Some(refused.map_or(Ok(Changed { tenant, pending: !done }), Err)))
}

/// Makes a tenant's policy what its parent's and its own values come to; the tenant as it is then, `None` if it or its parent is gone.
pub(crate) async fn follow(ports: &Ports<'_>, id: TenantId) -> Result<Option<Tenant>, Failure> {
    Ok(turned(ports, id).await?.map(|(tenant, _)| tenant))
}

/// [`follow`], and how many writes it took.
async fn turned(ports: &Ports<'_>, id: TenantId) -> Result<Option<(Tenant, usize)>, Failure> {
    let Some(mut tenant) = tenant::read(ports, id).await? else { return Ok(None) };
    let Some(mut policy) = above(ports, &tenant).await? else { return Ok(None) };
    let mut writes = 0;
    for _ in 0..TRIES {
        if policy.below(id, &tenant.own) != tenant.policy {
            let told = tenant::update(ports, id, |tenant| {
                turn(tenant, policy.below(id, &tenant.own));
                Change::Write(tenant.clone())
            });
            let Some(now) = told.await? else { return Ok(None) };
            tenant = now;
            writes += 1;
        }
        let Some(now) = above(ports, &tenant).await? else { return Ok(None) };
        if now == policy {
            return Ok(Some((tenant, writes)));
        }
        policy = now;
    }
    Err(StoreError(format!("the policy above `{id}` changed {TRIES} times while it was being followed"))
        .into())
}

/// Goes on where a spreading was cut short; what is too much for one go is noted anew. A tenant that cannot be read now is noted anew, too, so that it does not keep the
/// janitor from the rest.
pub(crate) async fn resume(ports: &Ports<'_>, id: TenantId) -> Result<(), Failure> {
    let done = match tenant::read(ports, id).await {
        Ok(Some(top)) => spread(ports, &top).await,
        Ok(None) => Ok(true),
        Err(failure) => Err(failure),
    };
    let done = done.unwrap_or_else(|failure| {
        ports.log.warn(&format!("a policy cannot come down from `{id}`: {failure}"));
        false
    });
    if !done {
        note(ports, id).await?;
    }
    Ok(())
}

/// Lets all below follow, as many as one go may; whether that is all of them.
async fn spread(ports: &Ports<'_>, top: &Tenant) -> Result<bool, Failure> {
    let (mut looks, mut writes) = (0, 0);
    // The way from the top down to where we are, since the depth of the tree has no limit.
    let mut path: Vec<Level> = Vec::new();
    enter(ports, &mut path, top).await?;
    while let Some(level) = path.last_mut() {
        if looks >= MOST_LOOKS || writes >= MOST_WRITES {
            keep(ports, &path).await?;
            return Ok(false);
        }
        if level.place >= level.last {
            let (tenant, revision) = (level.tenant, level.revision);
            settle(ports, tenant, revision).await?;
            writes += 1;
            path.pop();
            continue;
        }
        looks += 1;
        level.place += 1;
        let (parent, place) = (level.tenant, level.place);
        if let Some(child) = tenant::child_at(ports, parent, place).await?
            && let Some((child, wrote)) = turned(ports, child.id).await?
        {
            writes += wrote;
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
        // With nobody below there is nothing to do, and saying so is not worth a write.
        if last > 0 {
            path.push(Level { tenant: tenant.id, revision: tenant.revision, place: tenant.reached, last });
        }
    }
    Ok(())
}

/// All below follow this revision; a later one is somebody else's business, who began at the first place again.
async fn settle(ports: &Ports<'_>, id: TenantId, revision: u64) -> Result<(), Failure> {
    tenant::update(ports, id, |tenant| {
        if tenant.revision != revision || !tenant.is_spreading() {
            return Change::Leave(());
        }
        tenant.spread = revision;
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

/// Writes of one go: well below half of what an instance can make.
const MOST_WRITES: usize = 100;
/// Tenants one go looks at: a second or two on a slow store.
const MOST_LOOKS: usize = 1_000;
const TRIES: usize = 50;
