//! Tenants: making, finding, naming and deleting them.

use domain::TenantId;
use kv_schema::{
    Change, Tenant,
    tenant::{self, Deleted, Made},
};
use ports::{Failure, Ports};
use web::{Call, Response, StatusCode};

use crate::{
    access::Administrator,
    error::AdminError,
    list,
    wire::{self, NewTenant, TenantChange},
};

/// `POST /admin/tenants`.
pub(crate) async fn create(call: &Call<'_>) -> Result<Response, AdminError> {
    let admin = Administrator::of(call).await?;
    let asked: NewTenant = call.request.json()?;
    let unknown = || AdminError::Field("parent".into(), "the id or slug of a tenant that exists".into());
    let top = admin.top().to_string();
    let parent = admin.named(call, asked.parent.as_deref().unwrap_or(&top)).await?.ok_or_else(unknown)?;
    match tenant::create(&call.ports, &parent, &asked.slug.0, &asked.name.0).await? {
        Made::New(tenant) => Ok(web::json(StatusCode::CREATED, &wire::tenant(&tenant))),
        Made::SlugTaken => Err(AdminError::SlugTaken),
        Made::NoParent => Err(unknown()),
    }
}

/// `GET /admin/tenants`: those below `parent`, or without one the whole tree in the caller's reach, each tenant before those below it.
pub(crate) async fn list(call: &Call<'_>) -> Result<Response, AdminError> {
    let admin = Administrator::of(call).await?;
    let limit = list::limit(call)?;
    let (found, next) = match call.request.query("parent") {
        Some(named) => {
            let after = list::place(call)?;
            let unknown =
                || AdminError::Field("parent".into(), "the id or slug of a tenant that exists".into());
            let parent = admin.named(call, named).await?.ok_or_else(unknown)?;
            let (found, next) = tenant::children(&call.ports, parent.id, after, limit).await?;
            (found, next.map(|place| place.to_string()))
        }
        None => {
            let after =
                call.request.query("after").map(|text| Way::parse(text).ok_or_else(list::wrong_after));
            walk(&call.ports, admin.top(), after.transpose()?, limit).await?
        }
    };
    Ok(list::answer(found.iter().map(wire::tenant).collect(), next))
}

/// `GET /admin/tenants/{tenant}`.
pub(crate) async fn show(call: &Call<'_>) -> Result<Response, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    Ok(web::json(StatusCode::OK, &wire::tenant(&tenant)))
}

/// `PATCH /admin/tenants/{tenant}`.
pub(crate) async fn change(call: &Call<'_>) -> Result<Response, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    let asked: TenantChange = call.request.json()?;
    if asked.slug.is_some_and(|slug| slug.0 != tenant.slug) {
        // A tenant's id follows from the slug it was made with.
        return Err(AdminError::Field("slug".into(), "a slug stays as it was made; change the name".into()));
    }
    let Some(name) = asked.name else { return Ok(web::json(StatusCode::OK, &wire::tenant(&tenant))) };
    let changed = tenant::update(&call.ports, tenant.id, |tenant| {
        tenant.name.clone_from(&name.0);
        Change::Write(tenant.clone())
    });
    let tenant = changed.await?.ok_or(AdminError::NotFound)?;
    Ok(web::json(StatusCode::OK, &wire::tenant(&tenant)))
}

/// `DELETE /admin/tenants/{tenant}`.
pub(crate) async fn delete(call: &Call<'_>) -> Result<Response, AdminError> {
    let tenant = Administrator::of(call).await?.tenant(call).await?;
    if tenant.id == TenantId::ROOT {
        return Err(AdminError::RootStays);
    }
    match tenant::delete(&call.ports, &tenant).await? {
        Deleted::Gone => Ok(web::no_content()),
        Deleted::NotEmpty => Err(AdminError::NotEmpty),
    }
}

/// A way down the tree by places in lists of children; names a tenant in the order of the whole tree even after that tenant was deleted.
struct Way(Vec<i64>);

impl Way {
    fn parse(text: &str) -> Option<Self> {
        let mut places = text.split('.');
        if places.next() != Some(TOP) {
            return None;
        }
        let places: Option<Vec<i64>> =
            places.map(|place| place.parse().ok().filter(|place| *place > 0)).collect();
        places.filter(|places| places.len() <= MOST_DEPTH).map(Self)
    }

    fn of(open: &[(TenantId, i64)]) -> Self {
        Self(open.iter().map(|(_, place)| *place).take_while(|place| *place > 0).collect())
    }

    fn text(&self) -> String {
        self.0.iter().fold(TOP.to_owned(), |text, place| format!("{text}.{place}"))
    }
}

/// A page of the tree from `top` down, from after `after` on, and where to go on.
async fn walk(
    ports: &Ports<'_>,
    top: TenantId,
    after: Option<Way>,
    limit: usize,
) -> Result<(Vec<Tenant>, Option<String>), Failure> {
    let mut found = Vec::new();
    let mut next = None;
    // The tenants we are in, each with the place in its list of children up to which all were told.
    let mut open = vec![(top, 0)];
    match after {
        None => {
            found.extend(tenant::read(ports, top).await?);
            next = Some(Way::of(&open).text());
        }
        Some(way) => {
            for place in way.0 {
                let Some(parent) = open.last_mut() else { break };
                parent.1 = place;
                let (next, _) = tenant::children(ports, parent.0, place - 1, 1).await?;
                // Deleted meanwhile, with all that was below: what follows it is next.
                let Some(child) = next.first().filter(|child| child.place == place) else { break };
                open.push((child.id, 0));
            }
        }
    }
    while let Some((id, place)) = open.last_mut() {
        let (child, more) = tenant::children(ports, *id, *place, 1).await?;
        let Some(child) = child.into_iter().next() else {
            match more {
                Some(further) => *place = further,
                None => drop(open.pop()),
            }
            continue;
        };
        // Only now is it certain that something follows.
        if found.len() >= limit {
            return Ok((found, next));
        }
        *place = child.place;
        open.push((child.id, 0));
        found.push(child);
        next = Some(Way::of(&open).text());
    }
    Ok((found, None))
}

/// The first part of a [`Way`]: where the caller's reach begins, which has no place.
const TOP: &str = "r";
const MOST_DEPTH: usize = 500;
