//! Tenants: the tree, each with its effective policy made up when it changes, not when it is read.

use std::collections::BTreeMap;

use domain::{Moment, TenantId, Ulid};
use ports::{Failure, Ports};
use serde::{Deserialize, Serialize};

use crate::{Change, Key, Page, Policy, Record, policy::Own, record, unique};

/// A tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tenant {
    /// Who.
    pub id: TenantId,
    /// Its short name, unique among its siblings.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Above it; none for the root.
    pub parent: Option<TenantId>,
    /// Its authorization store.
    pub store: String,
    /// When it was made.
    pub created: Moment,
    /// What it says itself.
    pub own: BTreeMap<String, Own>,
    /// What holds.
    pub policy: Policy,
    /// The number decided for its slug.
    pub number: i64,
    /// Where it stands in its parent's list.
    pub place: i64,
    /// Gone: kept only so that what still points here finds nothing.
    #[serde(default)]
    pub deleted: bool,
}

impl Record for Tenant {
    const PAGE: Page = Page {
        name: "tenant",
        key: "lk1:{tenant}:tenant:{0, or for the root the number of its cell}",
        holds: "a tenant: slug, name, parent, what it says itself, and the policy that holds",
        lives: "until it is deleted",
        use_: "swapped",
        written_by: &["admin"],
        read_by: &["passkey", "magic-link", "step-up", "session"],
    };
}

pub(crate) const PAGES: [Page; 4] = [
    Page {
        name: "cell-slug",
        key: "lk1:{parent}:cell-slug:{slug}",
        holds: "a cell: the number of the tenant with that slug below {parent}",
        lives: "until the tenant is deleted",
        use_: "decided, withdrawn",
        written_by: &["admin"],
        read_by: &["passkey", "magic-link", "session"],
    },
    Page {
        name: "cell-root",
        key: "lk1:_:cell-root:0",
        holds: "a cell: the number of the root's record, once the root was changed",
        lives: "for ever",
        use_: "decided",
        written_by: &["admin"],
        read_by: &["passkey", "magic-link", "step-up", "session"],
    },
    Page {
        name: "child",
        key: "lk1:{parent}:child:{place}",
        holds: "the id of a tenant below {parent}; the tenant's own record says whether it still is",
        lives: "until the tenant is deleted",
        use_: "written once",
        written_by: &["admin"],
        read_by: &[],
    },
    Page {
        name: "seq-child",
        key: "lk1:{parent}:seq-child:0",
        holds: "a counter: the last place given in the list of children",
        lives: "as long as {parent}",
        use_: "increment only",
        written_by: &["admin"],
        read_by: &[],
    },
];

/// A line in a parent's list.
#[derive(Serialize, Deserialize)]
struct Child {
    tenant: TenantId,
}
impl Record for Child {
    const PAGE: Page = PAGES[2];
}

/// Whether a text can be a slug: 1 to 63 of `a-z`, `0-9` and inner `-`.
pub fn is_slug(text: &str) -> bool {
    let inner = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (1..=63).contains(&text.len()) && inner && !text.starts_with('-') && !text.ends_with('-')
}

/// The tenant that a request names by id, by slug (below the root) or by a path of slugs (`acme/emea`); the root if it names none.
pub async fn find(ports: &Ports<'_>, named: Option<&str>) -> Result<Option<Tenant>, Failure> {
    let Some(named) = named else { return Ok(Some(root(ports).await?)) };
    if let Ok(id) = named.parse() {
        return read(ports, id).await;
    }
    if named == ROOT_SLUG {
        return Ok(Some(root(ports).await?));
    }
    let mut id = TenantId::ROOT;
    for slug in named.split('/') {
        if !is_slug(slug) || named.len() > 512 {
            return Ok(None);
        }
        let cell = slug_cell(id, slug);
        let Some(number) = unique::decided(ports, &cell).await? else { return Ok(None) };
        id = id_of(&cell, number);
    }
    read(ports, id).await
}

/// The tenant with this id.
pub async fn read(ports: &Ports<'_>, id: TenantId) -> Result<Option<Tenant>, Failure> {
    if id == TenantId::ROOT {
        return Ok(Some(root(ports).await?));
    }
    let tenant = record::read::<Tenant>(ports, &key(id)).await?.filter(|tenant| !tenant.deleted);
    // Made, but its slug was lost to another at the same moment, or the making was cut short.
    Ok(tenant)
}

async fn root(ports: &Ports<'_>) -> Result<Tenant, Failure> {
    match unique::decided(ports, &root_cell()).await? {
        Some(number) => match record::read::<Tenant>(ports, &root_key(number)).await? {
            Some(root) => Ok(root),
            None => Err(ports::StoreError(format!("`{}` is missing", root_key(number))).into()),
        },
        None => Ok(untouched_root(0)),
    }
}

fn untouched_root(number: i64) -> Tenant {
    Tenant {
        id: TenantId::ROOT,
        slug: ROOT_SLUG.into(),
        name: "Latchkey".into(),
        parent: None,
        store: store_of(TenantId::ROOT),
        created: Moment::default(),
        own: BTreeMap::new(),
        policy: Policy::default(),
        number,
        place: 0,
        deleted: false,
    }
}

/// What making a tenant came to.
#[derive(Debug)]
pub enum Made {
    /// It is there.
    New(Box<Tenant>),
    /// A sibling has that slug.
    SlugTaken,
}

/// Makes a tenant below `parent`, whose policy it inherits. `slug` must be one ([`is_slug`]).
pub async fn create(ports: &Ports<'_>, parent: &Tenant, slug: &str, name: &str) -> Result<Made, Failure> {
    let cell = slug_cell(parent.id, slug);
    if unique::decided(ports, &cell).await?.is_some() {
        return Ok(Made::SlugTaken);
    }
    let number = unique::propose(ports);
    let id = id_of(&cell, number);
    // The list first: a line whose tenant never came to be is skipped by readers; a tenant without a line would be invisible.
    let place = ports.store.increment(seq_child(parent.id).as_str(), 1).await?;
    record::put(ports, &child_key(parent.id, place), &Child { tenant: id }, None).await?;
    let tenant = Tenant {
        id,
        slug: slug.to_owned(),
        name: name.to_owned(),
        parent: Some(parent.id),
        store: store_of(id),
        created: unique::proposed_at(number),
        own: BTreeMap::new(),
        policy: parent.policy.clone(),
        number,
        place,
        deleted: false,
    };
    record::put(ports, &key(id), &tenant, None).await?;
    if unique::settle(ports, &cell, number).await?.is_err() {
        ports.store.delete(key(id).as_str()).await?;
        ports.store.delete(child_key(parent.id, place).as_str()).await?;
        return Ok(Made::SlugTaken);
    }
    Ok(Made::New(Box::new(tenant)))
}

/// Changes a tenant's record so that no change is lost; `None` if there is no such tenant.
pub async fn update<T>(
    ports: &Ports<'_>,
    id: TenantId,
    mut change: impl FnMut(&mut Tenant) -> Change<T>,
) -> Result<Option<T>, Failure> {
    let key = if id == TenantId::ROOT { root_to_change(ports).await? } else { key(id) };
    let told = record::update::<Tenant, Option<T>>(ports, &key, |tenant| {
        if tenant.deleted {
            return Change::Leave(None);
        }
        match change(tenant) {
            Change::Write(told) => Change::Write(Some(told)),
            Change::Leave(told) => Change::Leave(Some(told)),
        }
    })
    .await?;
    Ok(told.flatten())
}

async fn root_to_change(ports: &Ports<'_>) -> Result<Key, Failure> {
    if let Some(number) = unique::decided(ports, &root_cell()).await? {
        return Ok(root_key(number));
    }
    let number = unique::propose(ports);
    record::put(ports, &root_key(number), &untouched_root(number), None).await?;
    match unique::settle(ports, &root_cell(), number).await? {
        Ok(()) => Ok(root_key(number)),
        Err(winner) => {
            ports.store.delete(root_key(number).as_str()).await?;
            Ok(root_key(winner))
        }
    }
}

/// A page of the tenants below `parent`, in the order they were made: those after place `after`, at most `limit`, and the place to go on after.
pub async fn children(
    ports: &Ports<'_>,
    parent: TenantId,
    after: i64,
    limit: usize,
) -> Result<(Vec<Tenant>, Option<i64>), Failure> {
    let last = ports.store.increment(seq_child(parent).as_str(), 0).await?;
    let mut found = Vec::new();
    let mut place = after.max(0);
    while place < last {
        place += 1;
        if let Some(line) = record::read::<Child>(ports, &child_key(parent, place)).await?
            && let Some(tenant) = read(ports, line.tenant).await?
            && tenant.parent == Some(parent)
            && tenant.place == place
            && unique::decided(ports, &slug_cell(parent, &tenant.slug)).await? == Some(tenant.number)
        {
            found.push(tenant);
            if found.len() >= limit {
                break;
            }
        }
    }
    Ok((found, (place < last).then_some(place)))
}

/// Removes a tenant that has nothing below it: it is marked first, then its slug is free again.
pub async fn delete(ports: &Ports<'_>, tenant: &Tenant) -> Result<(), Failure> {
    update(ports, tenant.id, |tenant| {
        tenant.deleted = true;
        Change::Write(())
    })
    .await?;
    if let Some(parent) = tenant.parent {
        ports.store.withdraw(slug_cell(parent, &tenant.slug).as_str(), tenant.number).await?;
        ports.store.delete(child_key(parent, tenant.place).as_str()).await?;
    }
    Ok(())
}

fn key(id: TenantId) -> Key {
    Key::of(id, "tenant", 0)
}

fn root_key(number: i64) -> Key {
    Key::of(TenantId::ROOT, "tenant", number)
}

fn root_cell() -> Key {
    Key::platform("cell-root", 0)
}

fn slug_cell(parent: TenantId, slug: &str) -> Key {
    Key::of(parent, "cell-slug", slug)
}

fn child_key(parent: TenantId, place: i64) -> Key {
    Key::of(parent, "child", place)
}

fn seq_child(parent: TenantId) -> Key {
    Key::of(parent, "seq-child", 0)
}

/// The id follows from the slug's cell and its number, so that finding by slug needs no further record.
fn id_of(cell: &Key, number: i64) -> TenantId {
    TenantId::of(Ulid::derived(
        unique::proposed_at(number),
        &[cell.as_str().as_bytes(), &number.to_be_bytes()],
    ))
}

/// OpenFGA's store ids are ULIDs; a tenant's is its own.
fn store_of(id: TenantId) -> String {
    id.ulid().to_string()
}

const ROOT_SLUG: &str = "root";
